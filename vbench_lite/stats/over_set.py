"""From values of clips to the value of their set: our rule, or that of a published tool."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

from vbench_lite.metric import Estimate, SetRule
from vbench_lite.stats.means import Bounds, mean_estimate


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
    if rule is None:
        return mean_estimate(values, clusters, bounds=bounds)
    used = set_weights(rule, weights, len(values))
    return scaled(mean_estimate(values, clusters, weights=used, bounds=bounds), rule.scale)


def set_weights(rule: SetRule, weights: Sequence[float] | None, count: int) -> list[float]:
    """The weight of each clip under a rule."""
    return list(weights) if rule.weighted and weights is not None else [1.0] * count


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
