"""The Pareto front, and how sure it is.

A generator is on the front if no other is at least as good on every axis and better on one. With
uncertain scores this is a probability: the share of joint draws in which it is on the front.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def front(scores: Floats) -> npt.NDArray[np.bool_]:
    """Which rows of scores, float64 (generators, axes), + is better, no other row dominates."""
    at_least = np.all(scores[:, None, :] <= scores[None, :, :], axis=2)
    better = np.any(scores[:, None, :] < scores[None, :, :], axis=2)
    dominated: npt.NDArray[np.bool_] = np.asarray(np.any(at_least & better, axis=1))
    return ~dominated


def front_probability(draws: Floats) -> Floats:
    """Probability of each generator to be on the front, from draws float64 (draws, generators, axes)."""
    return np.asarray(np.mean([front(scores) for scores in draws], axis=0))


def best_probability(totals: Floats) -> Floats:
    """Probability of each generator to be the best, from draws of one score, float64 (draws, generators).

    A draw in which several share the best is split evenly among them.
    """
    winners = totals == totals.max(axis=1, keepdims=True)
    shares: Floats = (winners / winners.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


def joint_draws(
    values: Floats, replicates: Floats, spare: Floats, *, draws: int = 2000, seed: int = 0
) -> Floats:
    """Normal draws of scores that keep what the jackknife says of how they vary together.

    Args:
        values: float64 (k,). replicates: delete-a-group replicates, float64 (k, groups); groups may be 0.
        spare: standard errors that the replicates do not show, float64 (k,), taken as independent.

    Returns:
        float64 (draws, k).
    """
    rng = np.random.default_rng(seed)
    drawn = values + rng.normal(size=(draws, len(values))) * spare
    groups = replicates.shape[1]
    if groups > 1:
        deviations = (replicates - replicates.mean(axis=1, keepdims=True)) * np.sqrt((groups - 1) / groups)
        drawn = drawn + rng.normal(size=(draws, groups)) @ deviations.T
    result: Floats = drawn
    return result
