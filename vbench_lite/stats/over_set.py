"""From values of clips to the value of their set: our rule, or that of a published tool."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.metric import Estimate, SetRule
from vbench_lite.stats.means import Bounds, ClusterMeans, Clusters, cluster_means, estimate_of


def set_estimate(
    values: Sequence[float],
    clusters: Sequence[Hashable],
    rule: SetRule | None,
    *,
    weights: Sequence[float] | None = None,
    bounds: Bounds = (None, None),
) -> Estimate:
    """Value of a set with its interval.

    Args:
        values: one number a clip.
        clusters: the prompt of each clip.
        rule: of the metric; None takes the mean over prompts of the prompt's mean.
        weights: of each clip; read where the rule is weighted.
        bounds: of the values of clips.

    Raises:
        NotApplicable: there are no values.
    """
    return set_estimate_of(set_means(values, clusters, rule, weights), rule, bounds)


def set_means(
    values: Sequence[float] | Floats,
    clusters: Sequence[Hashable] | Clusters,
    rule: SetRule | None,
    weights: Sequence[float] | Floats | None = None,
) -> ClusterMeans:
    """Mean of each prompt, and its weight where a rule weights clips; arguments as `set_estimate`."""
    if rule is None:
        return cluster_means(values, clusters)
    weighted = rule.weighted and weights is not None
    return cluster_means(values, clusters, weights if weighted else np.ones(len(values)))


def set_estimate_of(
    means: ClusterMeans, rule: SetRule | None, bounds: Bounds = (None, None), *, interval: bool = True
) -> Estimate:
    """The value of a set whose means by prompt are known."""
    estimate = estimate_of(means, bounds=bounds, interval=interval)
    return estimate if rule is None else scaled(estimate, rule.scale)


def scaled(estimate: Estimate, scale: float) -> Estimate:
    """An estimate in another unit; `scale` is above 0."""
    if scale == 1.0:
        return estimate
    return replace(
        estimate,
        value=estimate.value * scale,
        low=None if estimate.low is None else estimate.low * scale,
        high=None if estimate.high is None else estimate.high * scale,
        replicates=None if estimate.replicates is None else tuple(r * scale for r in estimate.replicates),
    )
