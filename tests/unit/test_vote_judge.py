"""A model as voter, against a server on loopback whose biases are planted."""

from __future__ import annotations

import base64
import json
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fabricate import make_run

from vbench_lite.cli.main import call
from vbench_lite.errors import SpecError
from vbench_lite.store.pool import Pool
from vbench_lite.votes.ballot import read_votes
from vbench_lite.votes.clips import RunClips, run_clips
from vbench_lite.votes.judge import vote_by_questions, vote_pairs
from vbench_lite.votes.judge_audit import audit_judge
from vbench_lite.votes.judge_client import ServerJudge
from vbench_lite.votes.judge_results import refused, store_audit
from vbench_lite.votes.judge_spec import ServerSpec, load_judge
from vbench_lite.votes.judge_trust import judges_beside_people
from vbench_lite.votes.judge_words import RUBRIC

Frames = np.ndarray[Any, np.dtype[np.float32]]
FRAMES, SIDE = 4, 32
Say = Callable[[list[Frames], str, int], dict[str, Any]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunClips]:
    root = tmp_path_factory.mktemp("judged")
    return root, run_clips(make_run(root, prompts=6))


class Oracle:
    """Knows the real clip of each prompt: what is nearer to it, frame by frame, is better."""

    def __init__(self, root: Path, run: RunClips) -> None:
        real = next(clips for name, clips in run.controls.items() if name.endswith("real"))
        self.real = {prompt: self.shown(Pool(root).read(sha).frames) for (prompt, _), sha in real.items()}

    @staticmethod
    def shown(frames: Any) -> Frames:
        return np.asarray(frames[np.linspace(0, len(frames) - 1, FRAMES).round().astype(int)], np.float32)

    def distance(self, clip: Frames, prompt: str, *, backwards: bool = False) -> float:
        real = self.real[prompt]
        return float(np.abs(clip - (real[::-1] if backwards else real)).mean())


def honest(oracle: Oracle, *, both_ways: bool = False) -> Say:
    def say(clips: list[Frames], text: str, _: int) -> dict[str, Any]:
        prompt = next(prompt for prompt in oracle.real if prompt in text)

        def far(clip: Frames) -> float:
            ways = (False, True) if both_ways else (False,)
            return min(oracle.distance(clip, prompt, backwards=way) for way in ways)

        if len(clips) == 1:
            return words({"yes": 0.9, "no": 0.1} if far(clips[0]) < 12 else {"yes": 0.1, "no": 0.9})
        lead = far(clips[1]) - far(clips[0])
        share = 0.5 if abs(lead) < 1.5 else 0.9 if lead > 0 else 0.1
        return words({"A": share, "B": 1 - share} if share != 0.5 else {"A": 0.1, "B": 0.1, "tie": 0.8})

    return say


def words(shares: dict[str, float]) -> dict[str, Any]:
    """An answer with log-probabilities, as vLLM and OpenAI give them."""
    best = max(shares, key=lambda word: shares[word])
    tops = [{"token": f" {word}", "logprob": math.log(share)} for word, share in shares.items()]
    return {"message": {"content": best}, "logprobs": {"content": [{"token": best, "top_logprobs": tops}]}}


def plain(text: str | None, **more: Any) -> dict[str, Any]:
    return {"message": {"content": text, **more}}


@contextmanager
def serving(say: Say) -> Iterator[ServerSpec]:
    count = [0]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            parts = body["messages"][0]["content"]
            text = " ".join(part["text"] for part in parts if part["type"] == "text")
            images = [decoded(part["image_url"]["url"]) for part in parts if part["type"] == "image_url"]
            clips = [np.stack(images[i : i + FRAMES]) for i in range(0, len(images), FRAMES)]
            count[0] += 1
            choice = say(clips, text, count[0])
            reply = json.dumps({"model": "stub-7b-0711", "choices": [choice]}).encode()
            self.send_response(int(choice.get("status", 200)))
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield ServerSpec(
            url=f"http://127.0.0.1:{server.server_address[1]}/v1", model="stub", frames=FRAMES, attempts=1
        )
    finally:
        server.shutdown()
        server.server_close()


def decoded(url: str) -> Frames:
    data = np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image[..., ::-1], np.float32)


def test_an_honest_judge_passes_its_audit_and_its_orders_agree(run: tuple[Path, RunClips]) -> None:
    root, clips = run
    with serving(honest(Oracle(root, clips))) as spec:
        judge = ServerJudge(spec, RUBRIC)
        told = audit_judge(judge, root, clips, clips=6)
        votes = vote_pairs(judge, root, clips, limit=3)
        again = vote_pairs(judge, root, clips, limit=1)
    assert told.refused == {} and told.coverage == 1.0 and told.by_side == 0.0
    assert {rung.damage for rung in told.rungs if rung.right > 0.9} >= {"reversed", "frozen", "wrong prompt"}
    assert len(votes) == 3 * 3 * 2 and {vote.voter for vote in votes} == {judge.name}
    assert judge.name.startswith("stub-7b-0711 · rubric ") and "temperature 0" in judge.name
    assert len({vote.id for vote in [*votes, *again]}) == len(votes), "asked again, it counts once"
    first, swapped = votes[0], votes[1]
    assert first.winner() == swapped.winner() and first.probability == pytest.approx(
        1 - (swapped.probability or 0)
    )


def test_an_honest_judge_is_calibrated_against_people_and_a_boastful_one_is_not(
    run: tuple[Path, RunClips],
) -> None:
    """People prefer the judge's side in nine of ten pairs that it decided, which is what it says."""
    root, clips = run
    with serving(honest(Oracle(root, clips))) as spec:
        votes = vote_pairs(ServerJudge(spec, RUBRIC), root, clips)
    assert [one.verdict for one in judges_beside_people(votes, "overall")] == ["uncalibrated"]
    decided = [vote for vote in votes[::2] if vote.winner() is not None]
    other = {"left": "right", "right": "left"}
    people = [
        replace(
            vote, kind="person", voter=f"v{voter}", probability=None, sided=False,
            answer=other[vote.answer] if (place + voter) % 10 == 0 else vote.answer,
        )
        for place, vote in enumerate(decided)
        for voter in range(10)
    ]  # fmt: skip
    (found,) = judges_beside_people([*votes, *people], "overall")
    assert found.agreement is not None and found.excess is not None
    assert found.agreement.value == pytest.approx(0.9) and found.excess.value == pytest.approx(0.0)
    assert found.verdict == "calibrated" and "calibrated: agrees with 90%" in found.line()
    sure = [replace(vote, probability=round(vote.probability or 0)) for vote in votes]
    (found,) = judges_beside_people([*sure, *people], "overall")
    assert (
        found.verdict == "too sure" and found.excess is not None and found.excess.value == pytest.approx(0.1)
    )


def test_one_that_always_says_left_is_refused_everywhere(run: tuple[Path, RunClips]) -> None:
    root, clips = run
    with serving(lambda *_: words({"A": 0.9, "B": 0.1})) as spec:
        judge = ServerJudge(spec, RUBRIC)
        told = audit_judge(judge, root, clips, clips=5)
        votes = vote_pairs(judge, root, clips, limit=1)
    assert told.by_side == 1.0 and set(told.refused) == {"overall", "quality", "coherence", "alignment"}
    store_audit(root, told)
    assert list(refused(root, votes, "overall")) == [judge.name]


def test_one_that_cannot_see_reversal_is_refused_for_coherence_alone(run: tuple[Path, RunClips]) -> None:
    root, clips = run
    with serving(honest(Oracle(root, clips), both_ways=True)) as spec:
        told = audit_judge(ServerJudge(spec, RUBRIC), root, clips, clips=6)
    assert told.refused == {"coherence": "blind to reversed"}


def test_failures_and_refusals_are_no_votes_and_are_counted(run: tuple[Path, RunClips]) -> None:
    root, clips = run

    def say(_: list[Frames], __: str, number: int) -> dict[str, Any]:
        return {"status": 500} if number % 5 == 0 else words({"A": 0.8, "B": 0.2})

    with serving(say) as spec:
        judge = ServerJudge(spec, RUBRIC)
        votes = vote_pairs(judge, root, clips, limit=5)
    # A failed call is followed by the second draw, which answers.
    assert judge.coverage == pytest.approx(0.8, abs=0.02) and judge.counts["failed"] == 7
    assert len(votes) == 30
    with serving(lambda *_: plain(None, refusal="I cannot judge this")) as spec:
        judge = ServerJudge(spec, RUBRIC)
        assert vote_pairs(judge, root, clips, limit=1) == []
        assert judge.counts == {"refused": 12}
    with serving(lambda *_: plain("Both are lovely")) as spec:
        judge = ServerJudge(spec, RUBRIC)
        assert judge.shares(["x"], ("A", "B", "tie")) is None and judge.counts == {"unreadable": 2}


def test_without_log_probabilities_the_question_is_drawn_an_even_number_of_times() -> None:
    with serving(lambda _, __, number: plain("A." if number % 4 else "tie")) as spec:
        judge = ServerJudge(spec.model_copy(update={"draws": 4}), RUBRIC)
        assert judge.shares(["x"], ("A", "B", "tie")) == {"A": 0.75, "B": 0.0, "tie": 0.25}


def test_questions_are_scored_beside_those_of_other_prompts(run: tuple[Path, RunClips]) -> None:
    root, clips = run
    with serving(honest(Oracle(root, clips))) as spec:
        judge = ServerJudge(spec, RUBRIC)
        votes = vote_by_questions(judge, root, clips, {}, limit=3)
    assert {vote.axis for vote in votes} == {"alignment"} and not any(vote.sided for vote in votes)
    with serving(lambda *_: words({"yes": 0.99, "no": 0.01})) as spec:  # yes to everything says nothing
        votes = vote_by_questions(ServerJudge(spec, RUBRIC), root, clips, {}, limit=2)
    assert {vote.answer for vote in votes} == {"tie"}


def test_the_verb_audits_asks_and_keeps(
    run: tuple[Path, RunClips], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, clips = run
    with serving(honest(Oracle(root, clips))) as spec:
        file = tmp_path / "judge.yaml"
        file.write_text(f"url: {spec.url}\nmodel: stub\nframes: {FRAMES}\nprice_per_call: 0.01\n")
        options = [
            "--judge",
            str(file),
            "--prompts",
            "2",
            "--audit-clips",
            "6",
            "--root",
            str(root),
            "--json",
        ]
        assert call(["vote", "ask", clips.run_id, *options]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["votes"] == 12 and told["people"]["verdict"] == "uncalibrated"
    assert "calls to http://127.0.0.1" in said.err
    assert sum(vote.kind == "model" for vote in read_votes(root)) == 12
    assert call(["vote", "board", clips.run_id, "--root", str(root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["voters"][0]["kind"] == "model"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("url: ftp://x\nmodel: m\n", "http"),
        ("url: http://me:pw@host/v1\nmodel: m\n", "without a name or key"),
        ("url: http://x/v1\nmodel: m\ndraws: 3\n", "even number"),
        ("url: http://x/v1\nmodel: m\nkey: abc\n", "there is no such key"),
        ("url: http://x/v1\nmodel: m\nkey_env: NO_SUCH_KEY_HERE\n", "NO_SUCH_KEY_HERE is not set"),
    ],
)
def test_a_specification_that_cannot_work_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "judge.yaml"
    file.write_text(text)
    with pytest.raises(SpecError, match=said):
        load_judge(file)
