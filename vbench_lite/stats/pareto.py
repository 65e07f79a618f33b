"""The Pareto front, and how sure it is.

A generator is on the front if no other is at least as good on every axis and better on one. With
uncertain scores this is a probability: the share of joint draws in which it is on the front.
"""

from __future__ import annotations

import math

import numpy as np

from vbench_lite.arrays import Bools, Floats
from vbench_lite.stats.student import cdf, quantile

_AT_ONCE = 16  # rows that others are held against at a time


def front(scores: Floats, least: Floats | float = 0.0) -> Bools:
    """Which rows of scores, float64 (generators, axes), + is better, no other row dominates.

    Rows are held against the strongest first, by the sum over axes, and are done with once one of them
    dominates; a row can be dominated by none whose sum is smaller by more than ties allow.

    least: differences up to this size are ties, for all axes or float64 (axes,).
    """
    if len(scores) <= _AT_ONCE:
        return ~_dominated(scores, scores, least)
    spread = np.ptp(scores, axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    sums = (scores / scale).sum(axis=1)
    slack = float((np.broadcast_to(least, scale.shape) / scale).sum()) + 1e-9 * (1.0 + np.abs(sums).max())
    order = np.argsort(-sums, kind="stable")
    standing = np.arange(len(scores))
    alive = np.ones(len(scores), dtype=bool)
    for start in range(0, len(order), _AT_ONCE):
        standing = standing[alive[standing] & (sums[standing] <= sums[order[start]] + slack)]
        if not len(standing):
            break
        strong = scores[order[start : start + _AT_ONCE]]
        alive[standing[_dominated(scores[standing], strong, least)]] = False
    return alive


def _dominated(rows: Floats, others: Floats, least: Floats | float) -> Bools:
    """Which rows at least one of the others dominates; no row dominates itself."""
    at_least = np.all(rows[:, None, :] <= others[None, :, :] + least, axis=2)
    better = np.any(rows[:, None, :] < others[None, :, :] - least, axis=2)
    return np.asarray(np.any(at_least & better, axis=1))


def front_probability(draws: Floats, least: Floats | float = 0.0) -> Floats:
    """Probability of each generator to be on the front, from draws float64 (draws, generators, axes)."""
    return np.asarray(np.mean([front(scores, least) for scores in draws], axis=0))


def best_probability(totals: Floats, least: float = 0.0) -> Floats:
    """Probability of each generator to be the best, from draws of one score, float64 (draws, generators).

    A draw in which several share the best, to within `least`, is split evenly among them.
    """
    winners = totals >= totals.max(axis=1, keepdims=True) - least
    shares: Floats = (winners / winners.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


def near_tie(probability: float) -> float:
    """What a share of draws above 1/2 is worth where true differences are about as large as the noise.

    Draws take every difference for as likely as any other. Among generators that lie as close as the noise of
    their difference (updates of one model do) the larger half of what was seen is luck: with a normal
    prior of that width the share shrinks from cdf(z) to cdf(z / sqrt 2), .97 to .91.
    """
    if probability <= 0.5:
        return probability
    return cdf(quantile(probability, math.inf) / math.sqrt(2), math.inf)


def joint_draws(
    values: Floats, replicates: Floats, spare: Floats, *, draws: int = 2000, seed: int = 0
) -> Floats:
    """Draws of scores that keep what the jackknife says of how they vary together.

    The joint part is Student's t with groups - 1 degrees of freedom, so that the share of draws in
    which one score is above another is the one-sided p-value of the paired t test.

    Args:
        values: float64 (k,). replicates: delete-a-group replicates, float64 (k, groups); groups may be 0.
        spare: standard errors that the replicates do not show, taken as independent: float64 (k,), or
            (k, 2) where those downwards and upwards differ.

    Returns:
        float64 (draws, k).
    """
    rng = np.random.default_rng(seed)
    sides = spare if spare.ndim == 2 else np.stack([spare, spare], axis=1)
    noise = rng.normal(size=(draws, len(values)))
    drawn = values + noise * np.where(noise < 0, sides[:, 0], sides[:, 1])
    groups = replicates.shape[1]
    if groups > 1:
        deviations = (replicates - replicates.mean(axis=1, keepdims=True)) * np.sqrt((groups - 1) / groups)
        heavier = np.sqrt((groups - 1) / rng.chisquare(groups - 1, size=(draws, 1)))
        drawn = drawn + heavier * (rng.normal(size=(draws, groups)) @ deviations.T)
    result: Floats = drawn
    return result
