"""Votes: journals that survive, lists that read back, boards and agreements with values by hand."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from vbench_lite.cli.main import call
from vbench_lite.errors import SpecError, StoreError
from vbench_lite.stats.clusters import mean_over
from vbench_lite.stats.krippendorff import alpha
from vbench_lite.stats.rank_agreement import right_with_ties, soft_pairwise_accuracy, tie_threshold
from vbench_lite.votes.agreement import ceiling
from vbench_lite.votes.ballot import Answer, Check, Shown, Vote, VoteJournal, merge, read_votes
from vbench_lite.votes.board import MARGIN, check_passed, vote_board
from vbench_lite.votes.exchange import identified, read_list, write_list
from vbench_lite.votes.judge_trust import judges_beside_people
from vbench_lite.votes.review import review


def vote(left: str = "a", right: str = "b", answer: str = "left", **more: Any) -> Vote:
    facts: dict[str, Any] = {"voter": "ann", "prompt": "p1", "seed": 1} | more
    return Vote(left=Shown(left, f"{left}-clip"), right=Shown(right, f"{right}-clip"), answer=answer, **facts)


# --- journals -------------------------------------------------------------------------------------


def test_votes_are_kept_and_taken_back(tmp_path: Path) -> None:
    with VoteJournal(tmp_path, "ann") as journal:
        first, second = journal.add(vote(), vote(answer="tie"))
        journal.take_back(second)
    assert read_votes(tmp_path) == [first]
    assert first.id and first.made


def test_a_torn_last_line_loses_nothing_else_and_damage_is_told(tmp_path: Path) -> None:
    with VoteJournal(tmp_path, "ann") as journal:
        (kept,) = journal.add(vote())
    path = tmp_path / "votes" / "ann.jsonl"
    with path.open("a") as file:
        file.write('{"record": "vote", "vot')
    assert read_votes(tmp_path) == [kept]
    path.write_text('{"record": "vote", "voter": "ann"}\n')
    with pytest.raises(StoreError, match=r"ann\.jsonl, line 1: not a vote"):
        read_votes(tmp_path)


def test_a_journal_has_one_writer_and_files_merge_by_id(tmp_path: Path) -> None:
    with VoteJournal(tmp_path, "ann") as journal:
        with pytest.raises(StoreError, match="written by another process"):
            VoteJournal(tmp_path, "ann")
        (one,) = journal.add(vote())
    assert merge([[one], [one, replace(one, id="2")]]) == [one, replace(one, id="2")]


# --- lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_pair_votes_read_back_as_they_were(tmp_path: Path, suffix: str) -> None:
    text = 'a prompt, with "marks"\nand a line\rend'
    votes = [vote(prompt=text), vote(answer="both_bad"), vote(answer="tie", sided=False)]
    assert write_list([*votes, vote(answer="skip"), vote(check=Check.SAME)], tmp_path / f"v{suffix}") == 3
    back = read_list(tmp_path / f"v{suffix}")
    assert [(v.prompt, v.answer, v.left, v.right, v.sided, v.seed) for v in back] == [
        (v.prompt, v.answer, v.left, v.right, v.sided, v.seed) for v in votes
    ]


def test_arena_words_are_understood(tmp_path: Path) -> None:
    file = tmp_path / "arena.csv"
    file.write_text(
        "model_a,model_b,winner,judge\nx,y,model_a,j1\nx,y,model_b,j1\nx,y,tie (bothbad),j2\nx,y,tie,j2\n"
    )
    assert [v.answer for v in read_list(file)] == [Answer.LEFT, Answer.RIGHT, Answer.BOTH_BAD, Answer.TIE]


def test_ratings_become_pairs_within_rater_and_prompt_in_the_order_of_means(tmp_path: Path) -> None:
    rows = ["rater,generator,prompt,score"]
    scores = {"x": (5, 4, 5), "y": (3, 4, 4), "z": (1, 2, 3)}
    for place, rater in enumerate(("r1", "r2", "r3")):
        rows += [f"{rater},{name},p{place},{values[place]}" for name, values in scores.items()]
        rows += [f"{rater},{name},q,{values[place]}" for name, values in scores.items()]
    file = tmp_path / "ratings.csv"
    file.write_text("\n".join(rows) + "\n")
    votes = read_list(file)
    assert len(votes) == 3 * 2 * 3 and not any(v.sided for v in votes)
    assert sum(v.answer == Answer.TIE for v in votes) == 2  # r2 gave x and y the same, on both prompts
    board = vote_board(votes, "overall")
    assert [row.generator for row in board.rows] == ["x", "y", "z"]
    assert board.order_effect is None
    # On q all three saw the same pairs. x, z and y, z: all agree, 3 couples each. x, y: r2 says tie, one
    # couple is left, and it agrees.
    limit = ceiling(votes, "overall")
    assert limit is not None and (limit.value, limit.n) == (1.0, 7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model_a,model_b,winner\nx,y,left\nx,y,maybe\n", r"line 3: winner must be"),
        ("model_a,model_b,winner\nx,x,a\n", r"line 2: both sides are 'x'"),
        ("generator,prompt,score\nx,p,nan\n", r"line 2: score must be a number"),
        ("generator,prompt,score\nx,p,1\n", "no rater rated two"),
        ("a,b\n1,2\n", "neither pair votes"),
        ("", "holds no row"),
    ],
)
def test_a_list_that_cannot_be_read_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "v.csv"
    file.write_text(text)
    with pytest.raises(SpecError, match=said):
        read_list(file)


def test_a_file_read_twice_counts_once() -> None:
    votes = [vote(), vote(), vote(answer="right")]
    ids = [v.id for v in identified(votes)]
    assert len(set(ids)) == 3 and ids == [v.id for v in identified(votes)]


# --- boards ---------------------------------------------------------------------------------------


def many(left: str, right: str, won: int, lost: int, **more: Any) -> list[Vote]:
    return [
        vote(left, right, "left" if n < won else "right", prompt=f"p{n % 10}", voter=f"v{n % 6}", **more)
        for n in range(won + lost)
    ]


def test_a_board_counts_ranks_and_says_what_is_open() -> None:
    votes = many("a", "b", 45, 5) + many("b", "c", 26, 24) + many("a", "c", 44, 6)
    board = vote_board(votes, "overall")
    rows = {row.generator: row for row in board.rows}
    assert rows["a"].rank == (1, 1) and rows["b"].rank == rows["c"].rank == (2, 3)
    assert (rows["a"].won, rows["a"].lost, rows["a"].votes) == (89, 11, 100)
    states = {(pair.first, pair.second): pair for pair in board.pairs}
    assert states["a", "b"].decision == "separated" and states["a", "b"].more is None
    assert states["b", "c"].decision == "open" and (states["b", "c"].more or 0) > 50
    assert board.wins["a", "b"] == 45
    assert sum(row.strength for row in board.rows) == pytest.approx(0, abs=1e-9)
    assert not board.few_voters


def test_equal_generators_are_equivalent_once_the_interval_is_within_the_margin() -> None:
    votes = [
        vote(*sides, "left" if n % 2 else "right", prompt=f"p{n // 2 % 40}", voter=f"v{n // 2 % 8}")
        for n in range(2000)
        for sides in (("a", "b"), ("b", "a"))
    ]
    (pair,) = vote_board(votes, "overall").pairs
    assert pair.decision == "equivalent" and abs(pair.ci[1]) < MARGIN


def test_where_no_pair_was_shown_both_ways_round_no_side_effect_is_claimed() -> None:
    votes = [
        vote("a", "b", "left" if n % 4 else "right", prompt=f"p{n}", voter=f"v{n % 8}") for n in range(400)
    ]
    assert vote_board(votes, "overall").order_effect is None
    votes.append(vote("b", "a", "right", prompt="p0"))
    assert vote_board(votes, "overall").order_effect is not None


def test_one_vote_says_little_and_breaks_nothing() -> None:
    board = vote_board([vote("a", "b", "left")], "overall")
    assert board.pairs[0].decision == "open" and [row.rank for row in board.rows] == [(1, 2), (1, 2)]


def test_items_that_lose_to_a_third_alone_are_not_told_apart() -> None:
    """Votes of one mind have no spread, which says nothing about two that never met."""
    votes = [
        vote(*(("a", other) if n % 2 else (other, "a")), "left" if n % 2 else "right", prompt=f"p{n}")
        for n in range(64)
        for other in "bc"
    ]
    decided = {(pair.first, pair.second): pair.decision for pair in vote_board(votes, "overall").pairs}
    assert decided == {("a", "b"): "separated", ("a", "c"): "separated", ("b", "c"): "open"}


def test_groups_that_never_met_are_refused_with_the_pairs_that_would_connect_them() -> None:
    with pytest.raises(StoreError, match="a against c"):
        vote_board(many("a", "b", 3, 2) + many("c", "d", 3, 2), "overall")
    with pytest.raises(StoreError, match="no vote on 'quality'; there are votes on: overall"):
        vote_board([vote()], "quality")


def test_checks_count_for_no_strength_and_name_who_fails_them() -> None:
    right = vote("control/real", "control/noise", "left", check=Check.CONTROL)
    assert check_passed(right, []) is True
    assert check_passed(replace(right, answer="right"), []) is False
    assert check_passed(vote("a", "a", "tie", check=Check.SAME), []) is True
    swapped = vote("b", "a", "right", check=Check.SWAP)
    assert check_passed(swapped, [vote()]) is True
    assert check_passed(replace(swapped, answer="left"), [vote()]) is False
    assert check_passed(swapped, []) is None
    lazy = [
        replace(right, answer="right", voter="zed"),
        vote("a", "a", "left", check=Check.SAME, voter="zed"),
    ]
    board = vote_board([*many("a", "b", 20, 10), *lazy, right], "overall")
    assert {voter.name for voter in board.voters if voter.unreliable} == {"zed"}
    assert {row.generator for row in board.rows} == {"a", "b"}


# --- agreement ------------------------------------------------------------------------------------


def test_alpha_by_hand() -> None:
    perfect = [{"r": "a", "s": "a"}, {"r": "b", "s": "b"}]
    assert alpha(perfect) == 1.0
    # coincidences: aa 2, ab 2 of n = 4 values (3 a, 1 b): D_o = 2/4, D_e = 2*3*1/(4*3) = 1/2
    assert alpha([{"r": "a", "s": "a"}, {"r": "a", "s": "b"}]) == pytest.approx(0.0)
    assert alpha([{"r": "a"}]) is None


@pytest.mark.parametrize("names", ["ab", "abcd", "hgfedcba"])
def test_random_answers_agree_by_chance_alone_whatever_the_number_of_generators(names: str) -> None:
    draw = random.Random(0)
    votes = [
        vote(left, right, draw.choice(("left", "right")), voter=voter, prompt=f"p{prompt}")
        for left, right in combinations(names, 2)
        for prompt in range(400 // len(names))
        for voter in ("ann", "bob")
    ]
    assert vote_board(votes, "overall").alpha == pytest.approx(0.0, abs=0.1)
    certain = [replace(one, answer="left") for one in votes]
    assert vote_board(certain, "overall").alpha == 1.0


def test_what_two_people_agree_on_is_asked_of_people_alone() -> None:
    judged = [vote(voter="stub", kind="model", prompt=f"p{n}", probability=0.9) for n in range(4)]
    people = [vote(prompt=f"p{n}", answer="right") for n in range(4)]
    assert ceiling([*judged, *people], "overall") is None
    both = [*people, *(replace(one, voter="bob") for one in people[:2])]
    limit = ceiling([*judged, *both], "overall")
    assert limit is not None and (limit.value, limit.n) == (1.0, 2)


def test_judges_rank_only_where_no_person_voted(tmp_path: Path) -> None:
    """A judge gives a thousand votes where people give ten: the board would be the judge's."""
    with VoteJournal(tmp_path, "stub") as journal:
        journal.add(*(vote(voter="stub", kind="model", prompt=f"p{n}", answer="right") for n in range(40)))
    with pytest.raises(StoreError, match=r"no vote on 'overall'.*; 40 left out: judge stub: not audited"):
        review(tmp_path, "overall")
    (tmp_path / "votes" / "judges.json").write_text('{"stub": {"refused": {}}}')
    alone = review(tmp_path, "overall").board
    assert alone is not None and alone.rows[0].generator == "b" and not alone.left_out
    with VoteJournal(tmp_path, "ann") as journal:
        journal.add(*(vote(prompt=f"p{n}") for n in range(6)))
    beside = review(tmp_path, "overall")
    assert beside.board is not None and [judge.judge for judge in beside.judges] == ["stub"]
    assert [(row.generator, row.votes) for row in beside.board.rows] == [("a", 6), ("b", 6)]
    assert beside.board.left_out == {"of judges, since people voted": 40}


def test_all_right_is_no_certainty() -> None:
    """Wilson's interval of 8 of 8 with t(7) = 2.365: the lower end is 8 / (8 + 2.365^2) = .589."""
    found = mean_over([1.0] * 8, ["ann"] * 8, list(range(8)), bounds=(0.0, 1.0))
    assert found.low == pytest.approx(0.589, abs=1e-3)
    assert found.high == pytest.approx(1.0)
    few = mean_over([1.0] * 8, ["ann", "bob"] * 4, ["p"] * 8, bounds=(0.0, 1.0))
    assert few.low is not None and few.low < 0.5, "two voters on one prompt are two observations"


def test_two_right_answers_do_not_call_a_judge_too_unsure() -> None:
    judged = [
        vote(voter="stub", kind="model", prompt=prompt, probability=0.9, answer="left") for prompt in "pq"
    ]
    (found,) = judges_beside_people([*judged, vote(prompt="p"), vote(prompt="q")], "overall")
    assert found.excess is not None and found.excess.value == pytest.approx(-0.1)
    assert found.verdict == "calibrated" and found.excess.high is not None and found.excess.high > 0.3


def test_ties_are_predicted_with_a_threshold_from_other_prompts() -> None:
    import numpy as np

    leads = np.array([0.1, -0.1, 2.0, -2.0] * 5)
    judged = np.array([0, 0, 1, -1] * 5)
    prompts = [f"p{n // 4}" for n in range(20)]
    assert tie_threshold(leads, judged) == pytest.approx(0.1)
    assert right_with_ties(leads, judged, prompts).tolist() == [1.0] * 20


def test_soft_pairwise_accuracy_compares_certainties() -> None:
    assert soft_pairwise_accuracy({(0, 1): 0.9, (0, 2): 1.0}, {(0, 1): 0.4, (0, 2): 1.0}) == pytest.approx(
        0.75
    )


# --- the verb -------------------------------------------------------------------------------------


def test_import_board_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, root = tmp_path / "v.csv", ["--root", str(tmp_path / "root")]
    write_list(many("a", "b", 30, 10), file)
    assert call(["vote", "import", str(file), "--json", *root]) == 0
    assert json.loads(capsys.readouterr().out) == {"votes": 40, "known": 0, "unbound": 40}
    assert call(["vote", "import", str(file), "--json", *root]) == 0
    assert json.loads(capsys.readouterr().out)["known"] == 40
    assert call(["vote", "board", "--json", *root]) == 0
    board = json.loads(capsys.readouterr().out)
    assert [row["generator"] for row in board["rows"]] == ["a", "b"]
    assert board["rows"][0]["strength"] > 0 and board["agreement"] == []
    assert call(["vote", "board", *root]) == 0
    assert "Preferred: a" in capsys.readouterr().out
    assert call(["vote", "board", "--without", "zed", *root]) == 2
    assert "'zed' cast no vote under" in capsys.readouterr().err
    assert call(["vote", "export", str(tmp_path / "w.jsonl"), *root]) == 0
    assert len(read_list(tmp_path / "w.jsonl")) == 40
    assert call(["vote", "export", str(tmp_path / "w.txt"), *root]) == 2


# --- the page's server ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
    ],
)
def test_the_page_answers_this_machine_only(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    from http.client import HTTPConnection
    from threading import Thread

    from fabricate import make_run

    from vbench_lite.votes.clips import run_clips
    from vbench_lite.votes.server import Poll, server

    poll = Poll(tmp_path, run_clips(make_run(tmp_path, prompts=1)), question="Which?")
    serving = server(poll)
    Thread(target=serving.serve_forever, daemon=True).start()
    connection = HTTPConnection("127.0.0.1", serving.server_address[1], timeout=30)
    host = {"Host": f"127.0.0.1:{serving.server_address[1]}"}
    connection.request("GET", "/ask?voter=ann", headers=host | headers)
    reply = connection.getresponse()
    assert reply.status == status
    text = reply.read().decode()
    assert "reference" not in text and not any(
        sha in text for arm in poll._run.clips.values() for sha in arm.values()
    )
    connection.request(
        "POST", "/answer", body=b"{}" * 9000, headers=host | {"Content-Type": "application/json"}
    )
    assert connection.getresponse().status == 400
    many = {"Content-Type": "application/json", "Content-Length": "9" * 5000}
    connection.request("POST", "/answer", headers=host | many)
    reply = connection.getresponse()
    assert (reply.status, b"1 to 4096 bytes" in reply.read()) == (400, True)
    connection.close()
    serving.shutdown()
    serving.server_close()
    poll.close()


@pytest.mark.parametrize("asked", [b"GET / HTTP/1.1\r\n", b"POST /undo HTTP/1.1\r\nContent-Length: many\r\n"])
def test_a_browser_that_hangs_up_leaves_no_traceback(tmp_path: Path, asked: bytes) -> None:
    import socket

    from fabricate import make_run

    from vbench_lite.votes.clips import run_clips
    from vbench_lite.votes.server import Poll, server

    poll = Poll(tmp_path, run_clips(make_run(tmp_path, prompts=1)), question="Which?")
    serving = server(poll)
    ours, theirs = socket.socketpair()
    theirs.sendall(asked + b"Host: 127.0.0.1\r\n\r\n")
    theirs.close()
    serving.RequestHandlerClass(ours, ("127.0.0.1", 1), serving)
    ours.close()
    serving.server_close()
    poll.close()


@pytest.mark.parametrize("verb", ["page", "board", "ask"])
def test_nobody_is_asked_for_what_votes_become(
    tmp_path: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    judge = ["--judge", "judge.yaml"] if verb == "ask" else []
    assert call(["vote", verb, *judge, "--axis", "preference", "--root", str(tmp_path)]) == 2
    said = capsys.readouterr().err.strip()
    assert "preference is made of the votes on `overall`" in said and "\n" not in said
