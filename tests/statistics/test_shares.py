"""Paired and single shares: how often intervals hold the truth, and how often a loss passes.

Verdicts of 0 and 1 are enumerated, not drawn: every table of n pairs with its probability.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from vbench_lite.stats.bounded import score
from vbench_lite.stats.delta import BoundedDelta
from vbench_lite.stats.means import mean_estimate
from vbench_lite.stats.paired import paired_means

Floats = npt.NDArray[np.float64]
CUT = float(stats.norm.ppf(0.975))
SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
LOSSES = (0.0, 0.02, 0.05, 0.1)


def arms() -> Iterator[tuple[float, float, float]]:
    """(loss, only the baseline right, only the candidate right): independent, half dependent, nested."""
    for loss in LOSSES:
        for share in SHARES:
            apart = share * (1 - share + loss), (1 - share) * (share - loss)
            for tied in (0.0, 0.5, 1.0):
                lost, gained = (1 - tied) * apart[0] + tied * loss, (1 - tied) * apart[1]
                yield loss, lost, gained


@pytest.mark.parametrize("n", [8, 16, 32, 64])
def test_paired_verdicts_hold_the_truth_and_seldom_pass_a_loss(n: int) -> None:
    lost, gained = (table.ravel() for table in np.indices((n + 1, n + 1)))
    keep = lost + gained <= n
    lost, gained = lost[keep], gained[keep]
    tables = [np.repeat([-1.0, 1.0, 0.0], [b, c, n - b - c]) for b, c in zip(lost, gained, strict=True)]
    bounds = -np.array(LOSSES)
    statistics = np.array([score(units, -1.0, 1.0, bounds) for units in tables])
    for loss, p_lost, p_gained in arms():
        chance = stats.multinomial.pmf(
            np.stack([lost, gained, n - lost - gained], axis=1), n, [p_lost, p_gained, 1 - p_lost - p_gained]
        )
        found = statistics[:, LOSSES.index(loss)]
        assert chance[np.abs(found) <= CUT].sum() >= 0.93
        if loss:  # a margin of just this size: nothing may be shown to lie above it
            assert chance[found > CUT].sum() <= 0.03


def perfect_but_some(rng: np.random.Generator, size: tuple[int, int]) -> tuple[Floats, float]:
    """Four clips of five perfect, the others anything."""
    return np.where(rng.random(size) < 0.8, 1.0, rng.random(size)), 0.9


def frames_of_sixteen(rng: np.random.Generator, size: tuple[int, int]) -> tuple[Floats, float]:
    """Shares of frames."""
    return rng.binomial(16, rng.beta(9, 1, size)) / 16, 0.9


@pytest.mark.parametrize("draw", [perfect_but_some, frames_of_sixteen])
@pytest.mark.parametrize("n", [8, 16, 32, 64])
def test_shares_of_which_most_are_perfect(
    n: int, draw: Callable[[np.random.Generator, tuple[int, int]], tuple[Floats, float]]
) -> None:
    rng = np.random.default_rng(n)
    values, truth = draw(rng, (250, n))
    others, _ = draw(rng, (250, n))
    held = paired = 0
    for first, second in zip(values, others, strict=True):
        estimate = mean_estimate(first.tolist(), range(n), bounds=(0.0, 1.0))
        assert estimate.low is not None and estimate.high is not None
        held += estimate.low <= truth <= estimate.high
        delta = paired_means(first.tolist(), second.tolist(), range(n), bounds=(0.0, 1.0))
        paired += min(delta.p_above(0.0), delta.p_below(0.0)) >= 0.025
    assert held / 250 >= 0.93
    assert paired / 250 >= 0.93


@pytest.mark.parametrize("n", [8, 16, 32, 64])
def test_single_verdicts_hold_the_truth(n: int) -> None:
    right = np.arange(n + 1)
    estimates = [
        mean_estimate(np.repeat([1.0, 0.0], [k, n - k]).tolist(), range(n), bounds=(0, 1)) for k in right
    ]
    low, high = (np.array([getattr(e, end) for e in estimates], float) for end in ("low", "high"))
    for share in (*SHARES, 0.995):
        held = (low <= share) & (share <= high)
        assert stats.binom.pmf(right[held], n, share).sum() >= 0.95


def test_several_seeds_a_prompt_count_as_their_prompts_do() -> None:
    """Prompts that are hard for both, or for one: 16 prompts of 4 seeds, share .9 and loss .1."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(250):
        hard = rng.beta(4.5, 0.5, size=(16, 1))
        first = rng.random((16, 4)) < hard
        second = first & (rng.random((16, 4)) < np.where(rng.random((16, 1)) < 2 / 9, 0.5, 1.0))
        delta = paired_means(
            first.ravel().astype(float).tolist(),
            second.ravel().astype(float).tolist(),
            np.repeat(np.arange(16), 4).tolist(),
            bounds=(0.0, 1.0),
        )
        assert isinstance(delta, BoundedDelta)
        held += min(delta.p_above(-0.1), delta.p_below(-0.1)) >= 0.025
    assert held / 250 >= 0.93


@pytest.mark.parametrize(
    ("draw", "truth", "least"),
    [
        (lambda rng, size: rng.exponential(size=size), 1.0, 0.92),
        (lambda rng, size: rng.lognormal(0, 0.5, size=size), math.exp(0.125), 0.93),
        (lambda rng, size: rng.lognormal(0, 1.0, size=size), math.exp(0.5), 0.88),
        (lambda rng, size: rng.standard_t(3, size=size), 0.0, 0.95),
        (lambda rng, size: rng.normal(size=size), 0.0, 0.94),
    ],
    ids=["exponential", "lognormal .5", "lognormal 1", "t3", "normal"],
)
def test_skewed_means(
    draw: Callable[[np.random.Generator, tuple[int, int]], Floats], truth: float, least: float
) -> None:
    """Without the correction for skewness the third would be held in .84 of sets of 8."""
    for n in (8, 16, 32):
        values = draw(np.random.default_rng(n), (1000, n))
        ends = [mean_estimate(row.tolist(), range(n)) for row in values]
        held = np.mean([e.low <= truth <= e.high for e in ends if e.low is not None and e.high is not None])
        assert held >= least
