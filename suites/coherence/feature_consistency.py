"""Consistency of frames by published features, negative cosines included."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from vbench_lite.metric import Axis, FeatureMetric, Features, MetricInfo
from vbench_lite.suites.vbench.consistency import plain_consistency

_info = partial(
    MetricInfo,
    axis=Axis.COHERENCE,
    bounds=(-1.0, 1.0),
    higher_is_better=True,
    min_frames=2,
)


class _Consistency(FeatureMetric):
    """Mean over frames but the first of the cosines with the frame before and with the first."""

    def finish(self, features: Mapping[str, Features]) -> float:
        return plain_consistency(features[self.info.extractors[0]])


class SubjectConsistency(_Consistency):
    """How much each frame resembles the one before it and the first, by DINO's class token.

    `vbench/subject_consistency` with negative cosines kept, and every prompt counted once over a set.

    Formula:
        mean over i >= 1 of (cos(f[i-1], f[i]) + cos(f[0], f[i])) / 2

    Traps:
        A frozen clip scores 1: read it beside `coherence/motion_amount`. The whole
        frame is seen, not the subject alone.
        Not the number of `vbench/subject_consistency`, which cuts negative cosines to 0.

    Cost: one pass of ViT-B/16 a frame.
    """

    info: ClassVar[MetricInfo] = _info(
        id="coherence/subject_consistency",
        summary="How alike frames are to the one before and the first, by DINO ViT-B/16; cosines not cut.",
        source="VBench (Huang et al., CVPR 2024), vbench/subject_consistency.py, corrected",
        extractors=("dino-vitb16",),
    )


class ContentConsistency(_Consistency):
    """How much each frame resembles the one before it and the first, by EfficientNet-Lite0.

    Formula:
        mean over i >= 1 of (cos(f[i-1], f[i]) + cos(f[0], f[i])) / 2

    Traps:
        A frozen clip scores 1: read it beside `coherence/motion_explained`. A camera that moves to other
        things lowers it as well: compare with real clips.

    Cost: one pass of EfficientNet-Lite0 a frame.
    """

    info: ClassVar[MetricInfo] = _info(
        id="coherence/content_consistency",
        summary="How alike frames are to the one before and the first, by EfficientNet-Lite0.",
        source="VBench (Huang et al., CVPR 2024), the formula of its consistencies on other features",
        extractors=("efficientnet-lite0",),
    )


class BackgroundConsistency(_Consistency):
    """How much each frame resembles the one before it and the first, by CLIP ViT-B/32.

    `vbench/background_consistency` with negative cosines kept, and every prompt counted once over a set.

    Formula:
        mean over i >= 1 of (cos(f[i-1], f[i]) + cos(f[0], f[i])) / 2

    Traps:
        A frozen clip scores 1: read it beside `coherence/motion_amount`. The whole
        frame is seen, the subject too.
        Not the number of `vbench/background_consistency`, which cuts negative cosines to 0.

    Cost: one pass of ViT-B/32 a frame.
    """

    info: ClassVar[MetricInfo] = _info(
        id="coherence/background_consistency",
        summary="How alike frames are to the one before and the first, by CLIP ViT-B/32; cosines not cut.",
        source="VBench (Huang et al., CVPR 2024), vbench/background_consistency.py, corrected",
        extractors=("clip-vit-b32",),
    )
