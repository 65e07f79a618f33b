"""VBench's subject consistency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from vbench_lite.clip import ClipInfo
from vbench_lite.metric import Axis, ClipMetric, Features, MetricInfo, SampleInfo, Scored, SetRule
from vbench_lite.suites.vbench.consistency import published_consistency
from vbench_lite.suites.vbench.prompt_lists import on_the_list


class SubjectConsistency(ClipMetric):
    """How much each frame resembles the one before it and the first, by DINO's class token.

    A frozen clip scores 1, so read it beside motion. Over a set frames count, not videos: a clip weighs as
    many frames as it has after the first.

    Formula:
        mean over i >= 1 of (max(0, cos(f[i-1], f[i])) + max(0, cos(f[0], f[i]))) / 2

    Traps:
        Negative cosines are cut to 0, as in the published tool; `coherence/subject_consistency` keeps them.
        The published tool divides by zero on a clip of one frame; here it is not applicable.

    Cost: one pass of ViT-B/16 a frame.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="vbench/subject_consistency",
        version=1,
        axis=Axis.COHERENCE,
        unit="",
        bounds=(0.0, 1.0),
        higher_is_better=True,
        summary="How alike frames are to the one before and the first, by DINO ViT-B/16.",
        source="VBench (Huang et al., CVPR 2024), vbench/subject_consistency.py",
        extractors=("dino-vitb16",),
        min_frames=2,
        over_set=SetRule(weighted=True),
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        on_the_list(sample, "subject_consistency")

    def finish(self, features: Mapping[str, Features]) -> Scored:
        rows = features["dino-vitb16"]
        return Scored(published_consistency(rows), weight=len(rows) - 1)
