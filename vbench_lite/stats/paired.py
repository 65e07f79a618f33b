"""Differences between two generators that answered the same requests.

Each function returns a `Delta`, from which one-sided tests and intervals come.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.errors import NotApplicable
from vbench_lite.stats.bounded import piled
from vbench_lite.stats.delta import BoundedDelta, Delta
from vbench_lite.stats.jackknife import MIN_GROUPS, standard_error
from vbench_lite.stats.means import Bounds, Clusters, closed, cluster_means, linearised

_ROUNDING = 1e-9  # of a range


def paired_means(
    first: Sequence[float],
    second: Sequence[float],
    clusters: Sequence[Hashable],
    *,
    bounds: Bounds = (None, None),
    weights: tuple[Sequence[float], Sequence[float]] | None = None,
) -> Delta:
    """Second minus first, over pairs that cluster by prompt: one unit a prompt, its mean difference.

    Args:
        first, second: values of the two, pair by pair.
        clusters: the prompt of each pair.
        bounds: of the values. Where they are finite and values pile up on them, differences are judged by
            the score test (Tango's for 0 and 1), which has a width however few pairs are discordant.
        weights: of the values of each arm, where a published rule weighs clips: the difference is then
            that of two weighted means, linearised by prompt.

    Raises:
        NotApplicable: fewer than two prompts.
    """
    groups = Clusters.of(clusters)
    if len(groups.names) < 2:
        raise NotApplicable(f"a paired difference needs two prompts, there are {len(groups.names)}")
    arms = [np.asarray(values, dtype=np.float64) for values in (first, second)]
    if weights is None:
        units = cluster_means(arms[1] - arms[0], groups).means
    else:
        before, after = (
            linearised(cluster_means(values, groups, weight))[1]
            for values, weight in zip(arms, weights, strict=True)
        )
        units = after - before
    low, high = bounds
    if closed(bounds) and low is not None and high is not None and piled(np.concatenate(arms), low, high):
        width = max(high - low, float(np.abs(units).max()))
        return BoundedDelta.within(units, -width, width)
    return Delta.of(units)


def paired_replicates(
    first: float, second: float, first_out: Floats, second_out: Floats, bounds: Bounds = (None, None)
) -> Delta:
    """Second minus first of a statistic of sets, from jackknife replicates over the same prompt groups.

    bounds: of the statistic. Where what each group adds (its pseudo-value) piles up on them, or nothing is
        seen to differ, differences are judged by the score test, as in `paired_means`.

    Raises:
        NotApplicable: too few groups, or the replicates are not of the same groups.
    """
    if len(first_out) != len(second_out):
        raise NotApplicable(f"{len(first_out)} and {len(second_out)} replicates cannot be paired")
    if len(first_out) < MIN_GROUPS:
        raise NotApplicable(f"values over sets are compared by prompts, and there are not {MIN_GROUPS}")
    count, se = len(first_out), standard_error(second_out - first_out)
    low, high = bounds
    if closed(bounds) and low is not None and high is not None:
        width, slack = high - low, _ROUNDING * (high - low)
        added = [
            count * value - (count - 1) * out for value, out in ((first, first_out), (second, second_out))
        ]
        if se <= slack or piled(np.concatenate(added), low + slack, high - slack):
            units = added[1] - added[0]
            return BoundedDelta.within(units - units.mean() + (second - first), -width, width)
    return Delta(second - first, se, count - 1.0, count)


def mcnemar(first: Mapping[Any, bool], second: Mapping[Any, bool]) -> float:
    """Exact one-sided p-value for "second fails no more often than first", over the keys of both."""
    lost = sum(first[key] and not second[key] for key in first.keys() & second.keys())
    gained = sum(second[key] and not first[key] for key in first.keys() & second.keys())
    if lost + gained == 0:
        return 1.0
    from scipy import stats  # slow to import

    return float(stats.binomtest(lost, lost + gained, 0.5, alternative="greater").pvalue)
