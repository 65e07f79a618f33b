"""VBench's imaging quality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.clip import ClipInfo
from vbench_lite.metric import Axis, ClipMetric, Features, MetricInfo, SampleInfo, SetRule
from vbench_lite.suites.vbench.prompt_lists import on_the_list


class ImagingQuality(ClipMetric):
    """Technical quality of the frames (noise, blur, exposure) as MUSIQ trained on SPAQ sees it.

    Formula:
        mean over frames of the score; of a set: mean over videos / 100

    Traps:
        A clip has a value of about 0..100, a set one of about 0..1, as in the published files.

    Cost: one pass of MUSIQ a frame, at three sizes.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="vbench/imaging_quality",
        version=1,
        axis=Axis.QUALITY,
        unit="",
        bounds=(None, None),
        higher_is_better=True,
        summary="Technical quality of frames by MUSIQ-SPAQ: a clip about 0..100, a set a hundredth of it.",
        source="VBench (Huang et al., CVPR 2024), vbench/imaging_quality.py",
        extractors=("musiq-spaq",),
        over_set=SetRule(scale=0.01),
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        on_the_list(sample, "imaging_quality")

    def finish(self, features: Mapping[str, Features]) -> float:
        return float(features["musiq-spaq"].mean(dtype=np.float64))
