"""Votes as an axis: votes on the clips of a stored run, on the leaderboard and in the advice."""

from __future__ import annotations

from pathlib import Path

import pytest
from fabricated import fabricate, store_run, vote_on

from vbench_lite.advise.advice import advise
from vbench_lite.advise.card import answer_card
from vbench_lite.cli.main import call
from vbench_lite.metric import Axis
from vbench_lite.results.board import Board, build_board
from vbench_lite.store.rundir import RunDir
from vbench_lite.votes.preference import METRIC, with_preference

LD, AR, HYBRID = "reference/latent-diffusion", "reference/autoregressive", "reference/hybrid"


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return store_run(fabricate(prompts=16), tmp_path)


def board(run: RunDir) -> Board:
    return with_preference(build_board([run]), [run])


def test_without_votes_the_board_is_as_it_was(run: RunDir) -> None:
    assert Axis.PREFERENCE not in board(run).suite.axes


def test_votes_rank_generators_and_say_whose_they_are(run: RunDir) -> None:
    for voter in ("ann", "bo", "cy"):
        vote_on(run, AR, LD, voter=voter)
        vote_on(run, AR, HYBRID, voter=voter)
    found = board(run)
    rows = {row.arm.generator: row for row in found.rows}
    value = rows[AR].axes[Axis.PREFERENCE].value
    assert value is not None and value > 0.8 and rows[AR].ranks[Axis.PREFERENCE] == (1, 1)
    assert rows[LD].ranks[Axis.PREFERENCE] == rows[HYBRID].ranks[Axis.PREFERENCE] == (2, 3)
    assert rows[AR].arm.estimates[METRIC].n == 96
    assert any("96 votes of 3 voters (ann, bo, cy)" in note for note in found.notes)
    assert "preference" in found.as_dict()["suite"]["axes"]


def test_people_outrank_judges_and_judges_without_an_audit_count_for_nothing(run: RunDir) -> None:
    vote_on(run, AR, LD, voter="judge", kind="model")
    assert Axis.PREFERENCE not in board(run).suite.axes
    vote_on(run, LD, AR, voter="ann")
    vote_on(run, LD, HYBRID, voter="ann")
    shares = {row.arm.generator: row.axes[Axis.PREFERENCE].value or 0 for row in board(run).rows}
    assert max(shares, key=shares.__getitem__) == LD  # the judge's votes do not count beside people's


def test_votes_that_connect_nobody_are_one_note(run: RunDir) -> None:
    assert not any("preference" in note for note in board(run).notes)
    vote_on(run, AR, LD)
    found = board(run)
    unvoted = next(row for row in found.rows if row.arm.generator == HYBRID)
    assert "no votes on its clips" in str(unvoted.axes[Axis.PREFERENCE].reason)


def test_votes_that_leave_the_first_open_are_told_so_on_the_card(run: RunDir) -> None:
    vote_on(run, AR, LD, voter="ann")
    vote_on(run, LD, AR, voter="bo")
    card = answer_card(board(run), [run], ())
    (told,) = (fact for fact in card.facts if fact.about == "preference")
    assert (told.sure, set(told.leaders)) == ("open", {"autoregressive", "latent-diffusion"})
    assert told.words.startswith("a tie: 32 votes cannot part .50")


def test_advice_weighs_votes_where_it_is_asked_to(run: RunDir) -> None:
    vote_on(run, AR, LD)
    vote_on(run, AR, HYBRID)
    plain = advise([run], board=board(run))
    assert plain.weights is None or Axis.PREFERENCE not in plain.weights.by_axis
    assert advise([run], board=board(run), weights={Axis.PREFERENCE: 100.0}).leaders == (AR,)


def test_faces_show_the_axis(run: RunDir, capsys: pytest.CaptureFixture[str]) -> None:
    vote_on(run, AR, LD)
    vote_on(run, AR, HYBRID)
    assert call(["leaderboard", "--root", str(run.root)]) == 0
    out = capsys.readouterr().out
    assert "preference" in out and "32 votes of 1 voter (ann)" in out
