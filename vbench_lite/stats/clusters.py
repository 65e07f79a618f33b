"""Variance of estimates whose observations share two kinds of clusters, such as voters and prompts.

The variance is that by the first kind plus that by the second minus that by both together, so that what two
observations share is counted once. A bootstrap with products of two weights counts the noise of a single
observation three times where neither kind of cluster has an effect, and its intervals are then too wide.

Sources: Cameron, Gelbach & Miller, Robust Inference With Multiway Clustering (2011), Journal of Business &
Economic Statistics 29; Owen, The Pigeonhole Bootstrap (2007), Annals of Applied Statistics 1, on the factor
3.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vbench_lite.arrays import Floats, Ints
from vbench_lite.stats.bounded import piled
from vbench_lite.stats.student import quantile

LEAST = 5  # clusters of a kind, below which their spread cannot be estimated and they are taken as given


@dataclass(frozen=True)
class MeanOverClusters:
    """A mean with its two-way clustered uncertainty.

    Attributes:
        value: the mean.
        low, high: ends of the interval; None with a single cell of clusters.
        n: observations.
    """

    value: float
    low: float | None
    high: float | None
    n: int

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values: value, ci [low, high] or null, n."""
        ci = None if self.low is None or self.high is None else [self.low, self.high]
        return {"value": self.value, "ci": ci, "n": self.n}


def codes(names: Sequence[Hashable]) -> Ints:
    """Whole numbers int64 (n,) that are equal where the names are equal."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)


def meat(influences: Floats, clusters: Ints) -> Floats:
    """Sum over clusters of the outer product of the summed influences, with the factor G / (G - 1).

    Args:
        influences: float64 (n, p), of each observation on each parameter.
        clusters: int64 (n,), codes from 0.

    Returns:
        float64 (p, p); zeros with a single cluster, which says nothing about the spread between clusters.
    """
    count = int(clusters.max()) + 1 if len(clusters) else 0
    if count < 2:
        return np.zeros((influences.shape[1],) * 2)
    sums = np.zeros((count, influences.shape[1]))
    np.add.at(sums, clusters, influences)
    return np.asarray(count / (count - 1) * sums.T @ sums, dtype=np.float64)


@dataclass(frozen=True)
class TwoWay:
    """Covariance of parameters whose observations share two kinds of clusters, as its parts.

    Attributes:
        single: float64 (p, p), as if only observations of one cell (both clusters equal) went together.
        shared: for each kind with enough clusters, float64 (p, p) and its degrees of freedom.
        cells: distinct pairs of clusters.
    """

    single: Floats
    shared: tuple[tuple[Floats, float], ...]
    cells: int

    def variance(self, contrast: Floats) -> tuple[float, float]:
        """Variance of a combination float64 (p,) of the parameters, and its degrees of freedom.

        It is not below that of independent cells. The degrees of freedom are Satterthwaite's, of parts that
        count as many clusters as would say the same if they were equally large.
        """
        single = float(contrast @ self.single @ contrast)
        parts = [(float(contrast @ part @ contrast), dof) for part, dof in self.shared]
        if not parts:
            return single, max(1.0, self.cells - 1)
        total = sum(part for part, _ in parts) - single * (len(parts) - 1)
        if total <= single:
            return single, min(dof for _, dof in parts)
        weights = [max(part - single, 0.0) for part, _ in parts]
        whole = sum(weights)
        dof = whole**2 / sum(w**2 / d for w, (_, d) in zip(weights, parts, strict=True)) if whole else 1.0
        return total, max(1.0, dof)


def two_way(influences: Floats, first: Sequence[Hashable], second: Sequence[Hashable]) -> TwoWay:
    """The parts of the covariance of parameters. A kind with fewer than `LEAST` clusters is taken as given:
    the interval then holds for these clusters, not for others of their kind.

    Args:
        influences: float64 (n, p): inverse Hessian times score, of each observation.
        first, second: the cluster of each observation, by two kinds.
    """
    one, two = codes(first), codes(second)
    both = codes(list(zip(one.tolist(), two.tolist(), strict=True)))
    single = meat(influences, both)
    kinds = [kind for kind in (one, two) if len(kind) and kind.max() + 1 >= LEAST]
    shared = tuple((meat(influences, kind), effective(kind) - 1) for kind in kinds)
    return TwoWay(single, shared, len(set(both.tolist())))


def effective(clusters: Ints) -> float:
    """How many clusters of equal size say as much as these: (sum of sizes)^2 / sum of squared sizes.

    At least 2, since this many are there. Source: Carter, Schnepel & Steigerwald (2017), Review of Economics
    and Statistics 99.
    """
    sizes = np.bincount(clusters).astype(np.float64)
    return max(2.0, float(sizes.sum() ** 2 / (sizes**2).sum()))


def mean_over(
    values: Sequence[float],
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    bounds: tuple[float, float] | None = None,
) -> MeanOverClusters:
    """Mean of observations with a two-way clustered t interval, cut at the bounds that values have.

    Where values pile up on the bounds (right or wrong), Wilson's score interval with that t, of as many
    independent observations as would be as uncertain: 8 right of 8 are not surely always right. Values that
    are all one bound do not tell what clusters share: each cluster then counts once.
    """
    data = np.asarray(values, dtype=np.float64)
    mean = float(data.mean())
    if len(set(zip(first, second, strict=True))) < 2:
        return MeanOverClusters(mean, None, None, len(data))
    variance, dof = two_way(((data - mean) / len(data))[:, None], first, second).variance(np.ones(1))
    cut = quantile(0.975, dof)
    if bounds is not None and piled(data, *bounds):
        width = bounds[1] - bounds[0]
        share = (mean - bounds[0]) / width
        spread = share * (1 - share)
        n = min(spread * width**2 / variance, len(data)) if variance > 0 else dof + 1
        middle = (share + cut**2 / (2 * n)) / (1 + cut**2 / n)
        half = cut / (1 + cut**2 / n) * math.sqrt(spread / n + cut**2 / (4 * n**2))
        low, high = bounds[0] + width * (middle - half), bounds[0] + width * (middle + half)
    else:
        half = cut * math.sqrt(variance)
        low, high = mean - half, mean + half
    if bounds is not None:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return MeanOverClusters(mean, low, high, len(data))
