"""VBench's imaging quality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.metric import Axis, Features, MetricInfo, SetRule
from vbench_lite.suites.vbench.prompt_lists import PublishedMetric, published_info


class ImagingQuality(PublishedMetric):
    """Technical quality of the frames (noise, blur, exposure) as MUSIQ trained on SPAQ sees it.

    Formula:
        mean over frames of the score; of a set: mean over videos / 100

    Traps:
        A clip has a value of about 0..100, a set one of about 0..1, as in the published files.

    Cost: one pass of MUSIQ a frame, at three sizes.
    """

    info: ClassVar[MetricInfo] = published_info(
        "imaging_quality",
        "Technical quality of frames by MUSIQ-SPAQ: a clip about 0..100, a set a hundredth of it.",
        axis=Axis.QUALITY,
        bounds=(None, None),
        extractors=("musiq-spaq",),
        over_set=SetRule(scale=0.01),
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        return float(features["musiq-spaq"].mean(dtype=np.float64))
