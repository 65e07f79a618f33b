"""How well every second frame is foretold by its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.metric import Axis, FeatureMetric, Features, MetricInfo


class MotionSmoothness(FeatureMetric):
    """How little odd frames differ from what RIFE interpolates between the even ones.

    The formula is that of VBench's motion smoothness, but the network is not: VBench interpolates with AMT-S,
    whose license forbids commercial use. So the number is one of its own and enters no VBench total.

    Formula:
        (255 - mean over odd frames of the mean absolute difference to the interpolated frame) / 255

    Traps:
        A frozen clip scores 1: read it beside motion.

    Cost: one pass of RIFE 3.8 for every second frame.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="coherence/motion_smoothness",
        axis=Axis.COHERENCE,
        bounds=(0.0, 1.0),
        higher_is_better=True,
        summary="How well RIFE foretells every second frame from its neighbours; 1 is perfectly.",
        source="VBench (Huang et al., CVPR 2024), vbench/motion_smoothness.py, with RIFE for AMT-S",
        extractors=("rife-3.8",),
        min_frames=3,
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        return 1 - float(features["rife-3.8"].mean(dtype=np.float64)) / 255
