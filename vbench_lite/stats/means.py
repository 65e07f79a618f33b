"""Means of clips that cluster by prompt, with intervals that know it.

The estimand is the mean over prompts of the prompt's mean: every prompt counts once, whatever
number of seeds it has. Clips of one prompt resemble each other, so the spread is taken between
prompts: five seeds a prompt do not make the interval as short as five times the prompts would.

- Student's t on prompt means, from eight prompts on joined with Hall's correction for skewness
  (`stats.delta`).
- Values of a closed range that pile up on its ends (verdicts of 0 and 1, shares of which most are perfect):
  the score interval on that range with a correction for continuity, one unit a prompt (`stats.bounded`). It
  stays inside the range and has a width even at 16 right of 16, where a spread of zero would claim
  certainty; one value a little below perfect changes it a little.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from vbench_lite.arrays import Floats, Ints
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Estimate
from vbench_lite.stats.bounded import piled, score_interval
from vbench_lite.stats.delta import Delta

Bounds = tuple[float | None, float | None]

_TINY = 1e-12


@dataclass(frozen=True)
class Clusters:
    """Which cluster each of some values is of.

    Attributes:
        names: each cluster once, sorted by its text.
        codes: int64 (n,), place of each value's cluster in `names`.
    """

    names: tuple[Any, ...]
    codes: Ints

    @classmethod
    def of(cls, labels: Sequence[Hashable]) -> Clusters:
        """From the cluster of each value."""
        names = tuple(sorted(dict.fromkeys(labels), key=str))
        place = {name: code for code, name in enumerate(names)}
        return cls(names, np.array([place[label] for label in labels], dtype=np.int64))

    def sums(self, values: Floats) -> Floats:
        """Sum of each cluster, rounded once: float64 (clusters,)."""
        if len(self.names) == len(self.codes):  # of one value each
            return np.asarray(values[self._order] + 0.0)
        ordered = values[self._order].tolist()
        return np.array([math.fsum(ordered[start:stop]) for start, stop in self._slices], dtype=np.float64)

    @cached_property
    def _order(self) -> Ints:
        return np.argsort(self.codes, kind="stable")

    @cached_property
    def _slices(self) -> list[tuple[int, int]]:
        stops = np.cumsum(np.bincount(self.codes, minlength=len(self.names))).tolist()
        return list(pairwise([0, *stops]))


@dataclass(frozen=True)
class ClusterMeans:
    """Values, and the mean of each of their clusters.

    Attributes:
        values: float64 (n,). means: float64 (clusters,).
        weights: of each cluster, float64 (clusters,); None where every cluster counts once.
    """

    values: Floats
    means: Floats
    weights: Floats | None


def cluster_means(
    values: Sequence[float] | Floats,
    clusters: Sequence[Hashable] | Clusters,
    weights: Sequence[float] | Floats | None = None,
) -> ClusterMeans:
    """Mean of each cluster, in sorted order of the clusters (by their text).

    Args:
        weights: of each value, above 0; a cluster then weighs the sum of its own.

    Raises:
        ValueError: the lengths differ, or a value is not finite.
    """
    grouped = clusters if isinstance(clusters, Clusters) else Clusters.of(clusters)
    array = np.asarray(values, dtype=np.float64)
    if len(array) != len(grouped.codes):
        raise ValueError(f"{len(array)} values for {len(grouped.codes)} cluster names")
    if not np.all(np.isfinite(array)):
        raise ValueError("a value is not finite; store a reason instead of NaN")
    if weights is None:
        counts = np.bincount(grouped.codes, minlength=len(grouped.names))
        return ClusterMeans(array, grouped.sums(array) / counts, None)
    given = np.asarray(weights, dtype=np.float64)
    totals = grouped.sums(given)
    return ClusterMeans(array, grouped.sums(array * given) / totals, totals)


def mean_estimate(
    values: Sequence[float],
    clusters: Sequence[Hashable],
    *,
    weights: Sequence[float] | None = None,
    bounds: Bounds = (None, None),
) -> Estimate:
    """Mean over prompts with its interval; see the module for the methods.

    Args:
        values: one number a clip.
        clusters: the prompt of each clip.
        weights: of each clip, above 0. With them the value is sum(w v) / sum(w) over all clips, whatever
            their prompts, and the interval is that of a ratio, linearised by prompt.
        bounds: of the metric; the interval never leaves them.

    Returns:
        `n` counts clips; `replicates` leave out one prompt each, in sorted order of prompts;
        `extras` has the number of prompts. `low`, `high` are None with one prompt (unless values pile up on
        a bound), and where all values are equal and no bound says how they could vary.

    Raises:
        NotApplicable: there are no values.
    """
    return estimate_of(cluster_means(values, clusters, weights), bounds=bounds)


def estimate_of(found: ClusterMeans, *, bounds: Bounds = (None, None), interval: bool = True) -> Estimate:
    """What `mean_estimate` says, of means that are known already."""
    if len(found.values) == 0:
        raise NotApplicable("no clip has a value")
    means, count = found.means, len(found.means)
    value, linear = linearised(found)
    low, high = _interval(found.values, linear, bounds) if interval else (None, None)
    replicates = None
    if count > 1:
        shares = np.ones(count) if found.weights is None else found.weights * (count / found.weights.sum())
        replicates = tuple(((count * value - shares * means) / (count - shares)).tolist())
    return Estimate(value, low, high, len(found.values), replicates, {"groups": float(count)})


def _interval(raw: Floats, means: Floats, bounds: Bounds) -> tuple[float | None, float | None]:
    lowest, highest = bounds
    if closed(bounds) and lowest is not None and highest is not None and piled(raw, lowest, highest):
        # Weights may carry a linearised mean beyond the range.
        ends = min(lowest, float(means.min())), max(highest, float(means.max()))
        step = (ends[1] - ends[0]) / len(means)
        low, high = score_interval(means, *ends, correction=step / 2)
    elif len(means) < 2 or float(np.ptp(means)) <= _TINY * max(1.0, abs(float(means.mean()))):
        return None, None
    else:
        low, high = Delta.of(means, skewed=True).interval()
    return (
        low if lowest is None else max(low, lowest),
        high if highest is None else min(high, highest),
    )


def closed(bounds: Bounds) -> bool:
    """Whether a range has two finite ends."""
    return bounds[0] is not None and bounds[1] is not None and bounds[1] > bounds[0]


def linearised(found: ClusterMeans) -> tuple[float, Floats]:
    """The value of a set, and one number a cluster whose mean it is: float64 (clusters,).

    Without weights these are the clusters' means; with them, the ratio's linearisation.
    """
    if found.weights is None:
        return float(found.means.mean()), found.means
    shares = found.weights * (len(found.means) / found.weights.sum())
    value = float((shares * found.means).mean())
    return value, value + shares * (found.means - value)
