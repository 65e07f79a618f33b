"""Delete-a-group jackknife: intervals for statistics of a whole set of clips.

A Fréchet distance or a Vendi score is biased at finite n, and drawing clips with replacement adds
copies, which biases it further: a plain bootstrap interval misses the truth. Leaving prompts out
makes no copies, measures the bias, and takes all clips of a prompt together, as they depend on one
another.

Sources: Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapters 10.3 and 11;
Shao & Tu, The Jackknife and Bootstrap (1995), section 2.3 (delete-a-group).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

import numpy as np

from vbench_lite.arrays import Floats, Ints
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Estimate
from vbench_lite.stats.bounded import piled
from vbench_lite.stats.means import Bounds, mean_estimate
from vbench_lite.stats.student import quantile

MAX_GROUPS = 50
MIN_GROUPS = 3  # with fewer, the spread of the replicates says next to nothing

Statistic = Callable[[Ints], float]


def fold(groups: Sequence[Hashable], max_groups: int = MAX_GROUPS) -> list[list[Hashable]]:
    """Return the blocks of groups that are left out one at a time.

    Up to `max_groups` distinct groups: one block each, in sorted order. More: blocks of nearly
    equal size, dealt by a hash of the group's name, so that the blocks do not follow any order in
    the prompts, and a missing prompt moves few others to another block.
    """
    distinct = sorted(set(groups), key=str)
    if len(distinct) <= max_groups:
        return [[group] for group in distinct]
    shuffled = sorted(distinct, key=lambda group: hashlib.sha256(str(group).encode()).digest())
    blocks: list[list[Hashable]] = [[] for _ in range(max_groups)]
    for place, group in enumerate(shuffled):
        blocks[place * max_groups // len(shuffled)].append(group)
    return blocks


def jackknife(
    groups: Sequence[Hashable],
    statistic: Statistic,
    *,
    max_groups: int = MAX_GROUPS,
    corrected: bool = True,
) -> Estimate:
    """Estimate a statistic of a set with a bias-corrected delete-a-group jackknife interval.

    Args:
        groups: the prompt of each item, in the order of the items.
        statistic: takes the indices of the items that are kept, int64 (k,), sorted.
        max_groups: at most this many replicates are computed; see `fold`.
        corrected: whether the interval is for the value at infinitely many items, its bias taken off. A
            statistic that leaving items out only lowers (recall, coverage, Vendi) is not corrected: the
            interval then lies around the value and is for what sets of this size show on average.

    Returns:
        `value`: the statistic of all items, uncorrected, because that is the number that others
        publish under the same name. `low`, `high`: a t interval around the bias-corrected value,
        widened where needed to hold `value` (a value outside its own interval helps nobody; where
        the bias is that large, the wide interval says so). None with fewer than 3 groups or where
        nothing varies. `replicates`: the statistic without each block, in the order of `fold`.
        `extras`: bias (estimated), se (standard error), corrected (value minus bias), groups.

    Raises:
        NotApplicable: there are no items, or the statistic is not finite on them; and whatever the
            statistic raises.
    """
    if len(groups) == 0:
        raise NotApplicable("the set is empty")
    value = float(statistic(np.arange(len(groups), dtype=np.int64)))
    if not math.isfinite(value):
        raise NotApplicable(f"the value over the set is {value}")
    blocks = fold(groups, max_groups)
    if len(blocks) < MIN_GROUPS:
        return Estimate(value, None, None, len(groups))
    block_of = {group: place for place, block in enumerate(blocks) for group in block}
    member = np.array([block_of[group] for group in groups], dtype=np.int64)
    replicates = np.array([float(statistic(np.flatnonzero(member != place))) for place in range(len(blocks))])
    if not np.all(np.isfinite(replicates)):
        raise NotApplicable("the value is not finite once a prompt is left out: the set is too small")
    low, high, bias, se = interval(value, replicates)
    if not corrected and low is not None:
        half = quantile(0.975, len(blocks) - 1) * se
        low, high = value - half, value + half
    extras = {"bias": bias, "se": se, "corrected": value - bias, "groups": float(len(blocks))}
    return Estimate(value, low, high, len(groups), tuple(replicates.tolist()), extras)


def jackknife_mean(
    groups: Sequence[Hashable],
    values: Sequence[float] | Floats,
    bounds: Bounds = (None, None),
) -> Estimate:
    """The mean of one value for each item, with its jackknife interval; see `jackknife`.

    bounds: of the values. Where they pile up on them the interval is the score interval of `stats.means`,
        which has a width at 16 right of 16.
    """
    numbers = np.array(values, np.float64)
    found = jackknife(groups, lambda kept: float(numbers[kept].mean()))
    low, high = bounds
    if low is None or high is None or not piled(numbers, low, high):
        return found
    of_means = mean_estimate(numbers.tolist(), groups, weights=[1.0] * len(numbers), bounds=bounds)
    return replace(found, low=of_means.low, high=of_means.high)


def standard_error(replicates: Floats) -> float:
    """Jackknife standard error of replicates, float64 (groups,)."""
    return float(standard_errors(replicates))


def standard_errors(replicates: Floats) -> Floats:
    """Jackknife standard errors of replicates, float64 (..., groups)."""
    count = replicates.shape[-1]
    away = replicates - replicates.mean(axis=-1, keepdims=True)
    return np.asarray(np.sqrt((count - 1) / count * np.sum(away**2, axis=-1)))


def interval(value: float, replicates: Floats) -> tuple[float | None, float | None, float, float]:
    """Return (low, high, bias, standard error) of a value from its delete-a-group replicates."""
    count = len(replicates)
    bias = (count - 1) * (float(replicates.mean()) - value)
    se = standard_error(replicates)
    if se <= 1e-12 * max(1.0, abs(value)):
        return None, None, bias, 0.0
    half = quantile(0.975, count - 1) * se
    return min(value, value - bias - half), max(value, value - bias + half), bias, se
