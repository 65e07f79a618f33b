"""Intervals and tests for the mean of numbers that cannot leave a closed range: shares, verdicts of 0 and 1.

Where most clips are perfect, the spread that was seen says little of the mean: what matters is the rare bad
clip that was not drawn. The score statistic sqrt(n) (mean - bound) / sd(bound) therefore takes the standard
deviation of the likeliest distribution on the range whose mean is the bound. That distribution stands on
the values that were seen and, where the likelihood asks for it, on an end of the range. It is

- Wilson's score interval for a share of zeros and ones (Wilson 1927, JASA 22);
- Tango's for a difference of paired zeros and ones (Tango 1998, Statistics in Medicine 17), the values
  being -1, 0 and 1: 16 pairs without a discordant one give +-0.194, not 0;
- within a few percent of Student's t where values spread over the range.

Source of the restricted likelihood: Owen, Empirical Likelihood (2001), sections 2.2 and 2.5.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.stats.student import quantile

PILED = 0.5  # share of values on an end of their range from which a mean is judged by this module
_GRID = 65  # bounds tried at once while an end of an interval is searched
_ROUNDS = 2  # of that search: each narrows it to 1/64, and the last step is a straight line
_NONE = 1e-9  # of the largest value: rounding, and no value of its own
_STEPS = 40  # of Newton's method at most; about ten are needed


def piled(values: Floats, low: float, high: float) -> bool:
    """Whether so many of some values lie on an end of their range that spread alone cannot be trusted."""
    return len(values) > 0 and float(np.mean((values <= low) | (values >= high))) >= PILED


def score(values: Floats, low: float, high: float, bounds: Floats, correction: float = 0.0) -> Floats:
    """The score statistic of a mean against some bounds: standard normal where the bound is the true mean.

    Args:
        values: float64 (n,) in [low, high]. bounds: float64 (k,).
        correction: for continuity, in the unit of the values: half the step of a mean of few values.

    Returns:
        float64 (k,): positive where the mean lies above the bound; infinite for a bound outside the range.
    """
    gap = float(values.mean()) - bounds
    equal = np.abs(gap) <= 1e-12 * (high - low)
    statistics = np.where(equal, 0.0, np.copysign(np.inf, gap))
    inside = ~equal & (bounds > low) & (bounds < high)
    for side in (gap > 0, gap < 0):
        chosen = inside & side
        if np.any(chosen):
            # Below the mean, mass moves to the low end; above it, the mirror image of the same.
            y, target = (values - low, bounds - low) if gap[chosen][0] > 0 else (high - values, high - bounds)
            spread = np.sqrt(_restricted_variance(y, target[chosen]))
            distance = np.sign(gap[chosen]) * np.maximum(np.abs(gap[chosen]) - correction, 0.0)
            statistics[chosen] = math.sqrt(len(values)) * distance / spread
    return statistics


def score_interval(values: Floats, low: float, high: float, correction: float = 0.0) -> tuple[float, float]:
    """The bounds that the score test does not reject (95% confidence).

    values: float64 (n >= 1,) in [low, high].
    """
    return _score_interval(tuple(np.sort(values).tolist()), low, high, correction)


@lru_cache(maxsize=4096)  # verdicts of a few clips have few forms, and boards ask for hundreds of each
def _score_interval(
    ordered: tuple[float, ...], low: float, high: float, correction: float
) -> tuple[float, float]:
    values, cut = np.array(ordered), quantile(0.975, math.inf)
    below, above = (_edge(values, low, high, end, cut, correction) for end in (low, high))
    return below, above


def _edge(values: Floats, low: float, high: float, end: float, cut: float, correction: float) -> float:
    """Where the statistic crosses the cut, between the mean and an end of the range."""
    inner, outer = float(values.mean()), end
    for _ in range(_ROUNDS):
        grid = np.linspace(inner, outer, _GRID)
        sizes = np.abs(score(values, low, high, grid, correction))
        kept = int(np.flatnonzero(sizes <= cut)[-1])
        if kept == _GRID - 1:  # all values are at this end
            return end
        inner, outer = float(grid[kept]), float(grid[kept + 1])
    rise = float(sizes[kept + 1] - sizes[kept])
    return inner + (outer - inner) * (cut - float(sizes[kept])) / rise  # to the inner one where it jumps


def _restricted_variance(y: Floats, targets: Floats) -> Floats:
    """Variance of the likeliest distribution on y and 0 with each of some means.

    Args:
        y: float64 (n,), at least 0. targets: float64 (k,), above 0 and below the mean of y.

    Weights are 1 / (n (1 + l (y - target))) with l between 0 and 1 / target; where even the largest l leaves
    weights that sum to less than 1, the rest lies on 0, an end of the range that was never seen.
    """
    points, counts = np.unique(np.where(y > _NONE * y.max(), y, 0.0), return_counts=True)
    shares = counts / len(y)
    away = points - targets[:, None]
    # The sum of weights is convex in l, dips below 1 behind l = 0 and rises again. No weight exceeds 1, so
    # the root lies left of this start, and Newton's steps descend to it. Without a root they stay there.
    multiplier = (1 - (shares[0] if points[0] == 0 else 0.0)) / targets
    for _ in range(_STEPS):
        parts = 1 / (1 + multiplier[:, None] * away)
        excess = (shares * parts).sum(axis=1) - 1
        slope = -(shares * away * parts**2).sum(axis=1)
        step = np.where(excess > 0, excess / np.where(slope > 0, slope, np.inf), 0.0)
        multiplier = multiplier - step
        if np.all(step <= 1e-12 * multiplier):
            break
    weights = shares / (1 + multiplier[:, None] * away)
    rest = np.maximum(1 - weights.sum(axis=1), 0.0)
    variance: Floats = (weights * away**2).sum(axis=1) + rest * targets**2
    return variance
