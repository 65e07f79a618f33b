"""How much frames resemble the one before and the first, by the cosine of their features."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, Features, MetricInfo, Scored, SetRule
from vbench_lite.suites.vbench.prompt_lists import PublishedMetric, published_info


def resemblance(features: Features) -> tuple[Floats, Floats]:
    """Cosines of every frame but the first with the frame before it and with the first one.

    Args:
        features: one row a frame, float32 (T, dim).

    Returns:
        two arrays, float64 (T - 1,).

    Raises:
        NotApplicable: there is one frame, or a frame without any feature.
    """
    if len(features) < 2:
        raise NotApplicable("the clip has one frame, and this needs two")
    rows = features.astype(np.float64)
    sizes = np.linalg.norm(rows, axis=1, keepdims=True)
    if not sizes.all():
        raise NotApplicable("a frame has a feature vector of zeros, which resembles nothing")
    rows /= sizes
    return np.clip((rows[1:] * rows[:-1]).sum(axis=1), -1, 1), np.clip(rows[1:] @ rows[0], -1, 1)


def published_consistency(features: Features) -> float:
    """VBench's value of a clip: mean over frames but the first of (max(0, previous) + max(0, first)) / 2."""
    previous, first = resemblance(features)
    return float((np.maximum(previous, 0) + np.maximum(first, 0)).mean() / 2)


def plain_consistency(features: Features) -> float:
    """The same without cutting negative cosines: a frame that is the opposite counts as that."""
    previous, first = resemblance(features)
    return float((previous + first).mean() / 2)


class PublishedConsistency(PublishedMetric):
    """`published_consistency` of the features of one network of frames."""

    def finish(self, features: Mapping[str, Features]) -> Scored:
        rows = features[self.info.extractors[0]]
        return Scored(published_consistency(rows), weight=len(rows) - 1)


def consistency_info(dimension: str, extractor: str, network: str) -> MetricInfo:
    """What such a metric declares: over a set frames count, not videos."""
    return published_info(
        dimension,
        f"How alike frames are to the one before and the first, by {network}.",
        axis=Axis.COHERENCE,
        bounds=(0.0, 1.0),
        extractors=(extractor,),
        min_frames=2,
        over_set=SetRule(weighted=True),
    )
