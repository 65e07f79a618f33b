"""Numbers without an interval: one round, or one prompt, does not say how they vary; equal rounds do."""

from __future__ import annotations

from dataclasses import replace

from fabricated import FakeRun, fabricate

from vbench_lite.advise import Verdict, advise, load_use
from vbench_lite.advise.card import LIKELY, OPEN, SURE, answer_card
from vbench_lite.metric import Axis
from vbench_lite.results.board import build_board
from vbench_lite.store.schema import ScoreRecord

PEAKS = dict(zip(("latent-diffusion", "autoregressive", "hybrid"), (8e9, 4e9, 4e9), strict=True))


def changed(*, rounds: int, equal_peaks: bool) -> FakeRun:
    """A run of so many rounds, of which an accelerator's allocator counts the same peak each time."""

    def row(one: ScoreRecord) -> ScoreRecord:
        if not equal_peaks or one.metric != "memory/peak_bytes":
            return one
        return replace(one, value=PEAKS[one.generator.rsplit("/", 1)[-1]])

    made = fabricate(prompts=32)
    kept = [r for r in made.score_rows if r.level != "call" or int(str(r.sample_id).split("/")[1]) < rounds]
    return replace(made, score_rows=[row(one) for one in kept])


def test_peaks_that_are_equal_in_every_round_are_ranked() -> None:
    board = build_board([changed(rounds=4, equal_peaks=True)])
    ranks = {row.arm.generator.rsplit("/", 1)[-1]: row.ranks[Axis.MEMORY] for row in board.rows}
    assert ranks == {"latent-diffusion": (3, 3), "autoregressive": (1, 2), "hybrid": (1, 2)}
    (memory,) = [fact for fact in answer_card(board).facts if fact.about == "peak memory"]
    assert "a tie: " in memory.words and "latent-diffusion" not in memory.words
    answer = advise([changed(rounds=4, equal_peaks=True)], weights={Axis.MEMORY: 1.0})
    assert answer.verdict is Verdict.CANNOT_TELL
    assert {name.rsplit("/", 1)[-1] for name in answer.leaders} == {"autoregressive", "hybrid"}
    assert [one.place.rank for one in answer.candidates if one.place] == [(1, 2), (1, 2), (3, 3)]


def test_one_round_decides_nothing() -> None:
    """Latencies differ by a third, and nobody knows how they would in another process."""
    run = changed(rounds=1, equal_peaks=False)
    assert {row.ranks[Axis.SPEED] for row in build_board([run]).rows} == {(1, 3)}
    found = advise([run], use=load_use("social-clip"))
    assert Axis.SPEED not in found.weights.by_axis if found.weights else False
    assert "one round" in found.left_out["speed"] and found.unmeasured > 0
    assert advise([changed(rounds=4, equal_peaks=False)], use=load_use("social-clip")).left_out == {}
    facts = {fact.about: fact for fact in answer_card(build_board([run])).facts}
    peaks = {
        fact.about: fact for fact in answer_card(build_board([changed(rounds=1, equal_peaks=True)])).facts
    }
    assert set(peaks["peak memory"].leaders) == {"autoregressive", "hybrid"}, "8 GB is no tie with 4"
    latency = facts["whole clip"]
    assert latency.sure == OPEN and latency.leaders == ("hybrid",)
    assert "a tie" not in latency.words and "sooner than" in latency.words
    assert "nothing says how these vary" in latency.words
    busy = replace(run, score_rows=[replace(one, contended=one.level == "call") for one in run.score_rows])
    (beside,) = [fact for fact in answer_card(build_board([busy])).facts if fact.about == "whole clip"]
    assert beside.sure == OPEN, "another process makes nothing surer"


def test_a_prompt_or_two_decide_nothing() -> None:
    """Scores of two prompts differ, and nobody knows how they would on others."""
    run = fabricate(prompts=2)
    board = build_board([run])
    assert {row.ranks[Axis.QUALITY] for row in board.rows} == {(1, 3)}
    facts = {fact.about: fact for fact in answer_card(board).facts}
    assert facts["quality"].sure == OPEN and "a tie: 2 prompts cannot part" in facts["quality"].words
    found = advise([run], weights={Axis.QUALITY: 1.0, Axis.SPEED: 3.0})
    assert "so few prompts" in found.left_out["quality"]
    assert "quality" not in {str(axis) for one in found.candidates if one.place for axis in one.place.best_on}
    assert advise([fabricate(prompts=3)], weights={Axis.QUALITY: 1.0, Axis.SPEED: 3.0}).left_out == {}


def test_disturbed_calls_make_no_use_sure() -> None:
    calm = fabricate(prompts=64)
    busy = replace(calm, score_rows=[replace(one, contended=one.level == "call") for one in calm.score_rows])

    def sure_of(run: FakeRun) -> str:
        (take,) = answer_card(build_board([run]), [run], ["live-streaming"]).take
        return take.sure

    assert (sure_of(calm), sure_of(busy)) == (SURE, LIKELY)
