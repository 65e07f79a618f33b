"""Means of clips that cluster by prompt, with intervals that know it.

The estimand is the mean over prompts of the prompt's mean: every prompt counts once, whatever
number of seeds it has. Clips of one prompt resemble each other, so the spread is taken between
prompts: five seeds a prompt do not make the interval as short as five times the prompts would.

- Fewer than 30 prompts: Student's t on prompt means (exact for normal ones).
- 30 or more: bias-corrected and accelerated (BCa) bootstrap of prompt means, seeded
  (Efron 1987; Efron & Tibshirani 1993, chapter 14), stretched by sqrt(G / (G - 1)) and with t instead
  of normal quantiles, because a bootstrap draws from the sample's own, too small, spread
  (Hesterberg 2015, The American Statistician 69).
- A proportion (every value 0 or 1, bounds [0, 1]): Clopper-Pearson with the effective sample size
  of the clusters (Korn & Graubard 1998, Survey Methodology 24). It stays inside [0, 1] and has a
  width even at 16 right of 16, where a spread of zero would claim certainty.
- Values that all sit on one bound of [0, 1]-like bounds: the same, with one observation a prompt.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Estimate
from vbench_lite.stats.student import cdf, quantile

Floats = npt.NDArray[np.float64]
Bounds = tuple[float | None, float | None]

FEW_CLUSTERS = 30
RESAMPLES = 2000
_TINY = 1e-12


@dataclass(frozen=True)
class Clusters:
    """Which cluster each of some values is of.

    Attributes:
        names: each cluster once, sorted by its text.
        codes: int64 (n,), place of each value's cluster in `names`.
    """

    names: tuple[Any, ...]
    codes: npt.NDArray[np.int64]

    @classmethod
    def of(cls, labels: Sequence[Hashable]) -> Clusters:
        """From the cluster of each value."""
        names = tuple(sorted(dict.fromkeys(labels), key=str))
        place = {name: code for code, name in enumerate(names)}
        return cls(names, np.array([place[label] for label in labels], dtype=np.int64))

    def sums(self, values: Floats) -> Floats:
        """Sum of each cluster, rounded once: float64 (clusters,)."""
        ordered = values[self._order].tolist()
        return np.array([math.fsum(ordered[start:stop]) for start, stop in self._slices], dtype=np.float64)

    @cached_property
    def _order(self) -> npt.NDArray[np.int64]:
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
    confidence: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Mean over prompts with its interval; see the module for the methods.

    Args:
        values: one number a clip.
        clusters: the prompt of each clip.
        weights: of each clip, above 0. With them the value is sum(w v) / sum(w) over all clips, whatever
            their prompts, and the interval is that of a ratio, linearised by prompt.
        bounds: of the metric; the interval never leaves them.
        seed: of the bootstrap.

    Returns:
        `n` counts clips; `replicates` leave out one prompt each, in sorted order of prompts;
        `extras` has the number of prompts. `low`, `high` are None with one prompt (unless all
        values sit on a bound), and where all values are equal and no bound says how they could vary.

    Raises:
        NotApplicable: there are no values.
    """
    found = cluster_means(values, clusters, weights)
    return estimate_of(found, bounds=bounds, confidence=confidence, seed=seed)


def estimate_of(
    found: ClusterMeans, *, bounds: Bounds = (None, None), confidence: float = 0.95, seed: int = 0
) -> Estimate:
    """What `mean_estimate` says, of means that are known already."""
    if len(found.values) == 0:
        raise NotApplicable("no clip has a value")
    means, count = found.means, len(found.means)
    shares = np.ones(count)
    if found.weights is not None:
        shares = found.weights * (count / found.weights.sum())
    value = float((shares * means).mean())
    linear = means if found.weights is None else value + shares * (means - value)  # their mean is the value
    low, high = _interval(found.values, linear, value, bounds, confidence, seed)
    replicates = None
    if count > 1:
        replicates = tuple(((count * value - shares * means) / (count - shares)).tolist())
    return Estimate(value, low, high, len(found.values), replicates, {"groups": float(count)})


def _interval(
    raw: Floats, means: Floats, value: float, bounds: Bounds, confidence: float, seed: int
) -> tuple[float | None, float | None]:
    lowest, highest = bounds
    closed = lowest is not None and highest is not None and highest > lowest
    if closed and lowest is not None and highest is not None:
        share = (raw - lowest) / (highest - lowest)
        on_one_bound = bool(np.all(share == share[0])) and share[0] in (0.0, 1.0)
        if on_one_bound or bool(np.all((share == 0) | (share == 1))):
            below, above = proportion_interval((means - lowest) / (highest - lowest), len(raw), confidence)
            return lowest + below * (highest - lowest), lowest + above * (highest - lowest)
    if len(means) < 2 or float(np.ptp(means)) <= _TINY * max(1.0, abs(value)):
        return None, None
    low, high = (
        t_interval(means, confidence)
        if len(means) < FEW_CLUSTERS
        else bca_interval(means, confidence, seed=seed)
    )
    return (
        low if lowest is None else max(low, lowest),
        high if highest is None else min(high, highest),
    )


def t_interval(means: Floats, confidence: float = 0.95) -> tuple[float, float]:
    """Student's t interval for the mean of independent numbers, float64 (G >= 2,)."""
    count = len(means)
    half = quantile(0.5 + confidence / 2, count - 1) * float(means.std(ddof=1)) / math.sqrt(count)
    centre = float(means.mean())
    return centre - half, centre + half


def bca_interval(
    means: Floats, confidence: float = 0.95, *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """BCa bootstrap interval for the mean of independent numbers, float64 (G,), not all equal."""
    count = len(means)
    centre = float(means.mean())
    deviations = means - centre
    draws = _resampling(count, resamples, seed) @ deviations
    tie = np.abs(draws) <= _TINY * np.abs(deviations).max()
    below = (np.sum((draws < 0) & ~tie) + 0.5 * np.sum(tie)) / resamples
    draws = centre + draws * math.sqrt(count / (count - 1))
    shift = quantile(float(np.clip(below, 0.5 / resamples, 1 - 0.5 / resamples)), math.inf)
    # The deviations are minus the jackknife deviations of the mean, up to a factor.
    acceleration = float(np.sum(deviations**3) / (6 * np.sum(deviations**2) ** 1.5))
    tails = []
    for tail in (0.5 - confidence / 2, 0.5 + confidence / 2):
        z = shift + quantile(tail, count - 1)
        tails.append(cdf(shift + z / (1 - acceleration * z), math.inf))
    low, high = np.quantile(draws, tails)
    return float(low), float(high)


@lru_cache(maxsize=4)
def _resampling(count: int, resamples: int, seed: int) -> Floats:
    """How often each of `count` numbers is drawn, over count: float64 (resamples, count).

    Metrics of one run have equal counts, so that a page or a comparison draws once for all of them.
    """
    drawn = np.random.default_rng(seed).integers(0, count, size=(resamples, count))
    places = drawn + count * np.arange(resamples)[:, None]
    times = np.bincount(places.ravel(), minlength=resamples * count).reshape(resamples, count)
    return np.asarray(times / count, dtype=np.float64)


def proportion_interval(cluster_shares: Floats, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Korn-Graubard interval for a proportion from the shares of its clusters, each in [0, 1].

    n: observations in all clusters together; with one a cluster this is nearly Clopper-Pearson.

    The effective sample size is p (1 - p) / (squared standard error between clusters), reduced by
    (t(n-1) / t(G-1))^2 for the few clusters that the standard error is known from, and never above
    what the clusters themselves say at a spread of zero: one observation a cluster.
    """
    count = len(cluster_shares)
    share = float(cluster_shares.mean())
    variance = float(cluster_shares.var(ddof=1)) / count if count > 1 else 0.0
    effective = float(count)
    if variance > 0:
        effective = max(share * (1 - share) / variance, 1.0)
        if count > 2:
            upper = 0.5 + confidence / 2
            effective *= (quantile(upper, max(n, count) - 1) / quantile(upper, count - 1)) ** 2
    from scipy import special  # slow to import

    tail = 0.5 - confidence / 2
    hits = effective * share
    low = float(special.betaincinv(hits, effective - hits + 1, tail)) if share > 0 else 0.0
    high = float(special.betaincinv(hits + 1, effective - hits, 1 - tail)) if share < 1 else 1.0
    return low, high
