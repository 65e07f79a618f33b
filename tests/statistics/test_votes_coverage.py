"""Simulated voters with planted strengths: what the intervals of a vote board claim is what they hold."""

from __future__ import annotations

from typing import Any

import choix
import numpy as np
import pytest

from vbench_lite.stats.bradley_terry import LEFT, RIGHT, TIE, Outcome, components, fit
from vbench_lite.stats.clusters import mean_over
from vbench_lite.stats.student import quantile

PLANTED = np.array([0.6, 0.2, -0.2, -0.6])
VOTERS, PROMPTS, VOTES, DRAWS = 16, 40, 300, 500


def voters(
    rng: np.random.Generator,
    strengths: np.ndarray = PLANTED,
    *,
    votes: int = VOTES,
    prompt_sd: float = 0.0,
    voter_sd: float = 0.0,
    side: float = 0.2,
    tie: float = -0.5,
    lazy: int = 0,
    half_by_one: bool = False,
) -> list[Outcome]:
    """Votes of people who see strengths moved by prompt and by their own taste; lazy ones answer anything."""
    count = len(strengths)
    left = rng.integers(count, size=votes)
    right = (left + rng.integers(1, count, size=votes)) % count
    voter, prompt = rng.integers(VOTERS, size=votes), rng.integers(PROMPTS, size=votes)
    if half_by_one:
        voter = np.where(rng.random(votes) < 0.5, 0, voter)
    taste = rng.normal(0, voter_sd, (VOTERS, count))[voter]
    seen = strengths + taste + rng.normal(0, prompt_sd, (PROMPTS, count))[prompt]
    at = np.arange(votes)
    lead = np.where(voter < lazy, 0.0, seen[at, left] - seen[at, right])
    logits = np.stack([lead + side, np.zeros(votes), tie + (lead + side) / 2], axis=1)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    said = (rng.random((votes, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    rows = zip(left.tolist(), right.tolist(), said.tolist(), voter.tolist(), prompt.tolist(), strict=True)
    return [Outcome(le, ri, sa, True, vo, pr) for le, ri, sa, vo, pr in rows]


def covered(seed: int, draws: int = DRAWS, **kind: Any) -> tuple[float, float]:
    """Share of intervals for first minus last that hold the truth, and the mean side term.

    The truth of a model averaged over tastes and prompts is its fit to very many votes.
    """
    many = [fit(voters(np.random.default_rng(9_000 + i), votes=6_000, **kind), 4) for i in range(8)]
    truth = float(np.mean([found.values[0] - found.values[3] for found in many]))
    rng, hits, sides = np.random.default_rng(seed), 0, []
    for _ in range(draws):
        found = fit(voters(rng, **kind), 4)
        value, se, dof = found.difference(0, 3)
        hits += abs(value - truth) <= quantile(0.975, dof) * se
        sides.append(found.side)
    return hits / draws, float(np.mean([side for side in sides if side is not None]))


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        ({"prompt_sd": 0.6}, 0.97),
        ({"prompt_sd": 0.6, "voter_sd": 0.4}, 0.97),
        ({"prompt_sd": 0.4, "lazy": 3}, 0.985),  # little is shared then, and the variance has a lower bound
    ],
)
def test_intervals_of_strengths_hold_the_truth(kind: dict[str, Any], most: float) -> None:
    share, side = covered(1, **kind)
    assert 0.93 <= share <= most
    assert side == pytest.approx(0.2, abs=0.04)


def test_two_equal_generators_are_told_apart_in_few_draws() -> None:
    rng, alarms = np.random.default_rng(2), 0
    for _ in range(DRAWS):
        value, se, dof = fit(voters(rng, np.zeros(2), prompt_sd=0.4, votes=200), 2).difference(0, 1)
        alarms += abs(value) > quantile(0.975, dof) * se
    assert alarms / DRAWS <= 0.05


def test_intervals_widen_when_one_voter_gives_half_of_the_votes() -> None:
    def half(one: bool) -> float:
        rng, sizes = np.random.default_rng(3), []
        for _ in range(20):
            found = fit(voters(rng, voter_sd=0.6, prompt_sd=0.4, half_by_one=one), 4)
            _, se, dof = found.difference(0, 3)
            sizes.append(quantile(0.975, dof) * se)
        return float(np.median(sizes))

    assert half(True) > 1.3 * half(False)


def duel(first: int, second: int, won: int, lost: int) -> list[Outcome]:
    return [Outcome(first, second, LEFT)] * won + [Outcome(first, second, RIGHT)] * lost


def test_consistent_wins_have_a_closed_form() -> None:
    """75:25, 75:25 and 90:10 are consistent: neighbours are log(3) apart."""
    votes = duel(0, 1, 75, 25) + duel(1, 2, 75, 25) + duel(0, 2, 90, 10)
    found = fit(votes, 3, prior=0.0, side=False)
    assert found.values == pytest.approx([np.log(3), 0.0, -np.log(3)], abs=1e-9)


def test_equal_to_an_independent_implementation() -> None:
    votes = [vote for vote in voters(np.random.default_rng(4), side=0.0) if vote.result != TIE]
    wins = [(v.left, v.right) if v.result == LEFT else (v.right, v.left) for v in votes]
    expected = choix.opt_pairwise(4, wins, alpha=0.0, tol=1e-12)
    assert fit(votes, 4, prior=0.0, side=False).values == pytest.approx(expected - expected.mean(), abs=1e-6)


def test_an_unbeaten_generator_stays_finite_and_all_ties_are_a_tie() -> None:
    assert np.all(np.isfinite(fit(duel(0, 1, 5, 0), 2).values))
    assert fit([Outcome(0, 1, TIE)] * 5, 2).values == pytest.approx([0.0, 0.0], abs=1e-9)


def test_groups_that_never_met_have_no_common_scale() -> None:
    votes = duel(0, 1, 3, 1) + duel(2, 3, 1, 3)
    assert components(votes, 4) == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match="connect"):
        fit(votes, 4)


@pytest.mark.parametrize(
    ("prompts", "each", "right", "shared"), [(8, 1, 0.9, 0), (20, 1, 0.95, 0), (10, 3, 0.85, 0.3)]
)
def test_intervals_of_accuracies_near_one_hold_the_truth(
    prompts: int, each: int, right: float, shared: float
) -> None:
    """A t interval of 8 answers of which nine in ten are right held it in 57 of 100 draws."""
    rng, hits = np.random.default_rng(3), 0
    order = np.repeat(np.arange(prompts), each).tolist()
    for _ in range(DRAWS):
        chance = np.full(prompts, right)
        if shared:
            chance = rng.beta(right * (1 / shared - 1), (1 - right) * (1 / shared - 1), size=prompts)
        values = (rng.random(len(order)) < chance[order]).astype(float).tolist()
        found = mean_over(values, ["ann"] * len(order), order, bounds=(0.0, 1.0))
        assert found.low is not None and found.high is not None
        hits += found.low <= right <= found.high
    assert hits / DRAWS >= 0.93
