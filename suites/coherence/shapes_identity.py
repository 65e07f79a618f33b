"""Does the thing in a clip of the shapes world stay the same thing?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.metric import Axis, FeatureMetric, Features, MetricInfo
from vbench_lite.suites.judged_info import judged_info


class ShapesIdentity(FeatureMetric):
    """Share of frames whose (shape, colour), as the judge reads them, is the clip's most frequent one.

    A frame that shows nothing counts against it, so noise and vanishing shapes score low. A frozen clip
    scores 1: read it beside motion amount. Source: `vbench_lite.datasets.shapes.judge`.

    Formula: frames that show the most frequent (shape, colour) / all frames.
    Traps: a frozen clip scores 1, and so does a clip that shows the wrong thing throughout.
    """

    info: ClassVar[MetricInfo] = judged_info(
        "coherence/shapes_identity",
        "Share of frames that show the clip's most frequent shape in its most frequent colour.",
        "template correlation and nearest hue, frame by frame",
        axis=Axis.COHERENCE,
        min_frames=2,
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        return shapes_judge.judge_features(features["shapes-judge"]).identity
