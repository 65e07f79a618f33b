"""How many more votes a pair needs, and what votes leave open, against closed forms."""

from __future__ import annotations

import pytest
from scipy import stats

from vbench_lite.stats.delta import Delta
from vbench_lite.stats.power import units_to_settle
from vbench_lite.votes.ballot import Shown, Vote
from vbench_lite.votes.board import PairState, vote_board
from vbench_lite.votes.words import pair_text


def state(votes: int, won: int = 10) -> PairState:
    """Of a and b, of whom a wins so many of each 20 votes; each is of a voter and a prompt of its own."""
    ours = []
    for n in range(votes):
        left, right = ("a", "b") if n // 20 % 2 else ("b", "a")
        answer = "left" if (n % 20 < won) is (left == "a") else "right"
        ours.append(Vote(f"v{n}", f"p{n}", Shown(left), Shown(right), answer))
    (pair,) = vote_board(ours, "overall").pairs
    return pair


def test_two_that_are_equally_liked_are_settled_by_being_equal() -> None:
    """(1.96 + 1.28) standard errors of 2 / sqrt(n) within 0.2 of log-odds: 1,051 votes in all."""
    few = state(120)
    assert few.decision == "open" and few.lead == pytest.approx(0, abs=1e-6) and few.more is not None
    assert 120 + few.more == pytest.approx(1051, rel=0.05)
    assert state(120 + few.more).decision == "equivalent"
    assert ": open, about " in pair_text(few) and pair_text(few).endswith("would settle it")


def test_two_of_whom_one_leads_are_settled_by_its_lead() -> None:
    """Eleven of twenty: (1.96 + 0.84) standard errors of 2.01 / sqrt(n) within 0.2007: 789 votes in all."""
    few = state(120, won=11)
    assert few.more is not None and 120 + few.more == pytest.approx(789, rel=0.08)


def test_more_votes_of_five_voters_bring_no_sixth() -> None:
    """The interval is that of four degrees of freedom, whatever the number of votes."""
    more = units_to_settle(Delta(0.5, 0.25, 4.0, 100), 0.2)
    reach = stats.t.ppf(0.975, 4) + stats.t.ppf(0.8, 4)
    assert more is not None and 100 + more == pytest.approx(100 * (reach * 0.25 / 0.7) ** 2, abs=1)


@pytest.mark.parametrize(("answer", "known"), [("tie", False), ("left", True)])
def test_votes_that_are_all_alike_do_not_tell_the_side_exactly(answer: str, known: bool) -> None:
    """Ties say nothing of the side; left in 16 of 16 is an effect, of a size that nobody knows."""
    votes = [Vote(f"v{n % 2}", f"p{n}", Shown("ab"[n % 2]), Shown("ba"[n % 2]), answer) for n in range(16)]
    effect = vote_board(votes, "overall").order_effect
    assert effect is not None
    value, (low, high) = effect
    assert (low > 0) is known and high - low > 2.5 and low < value < high
