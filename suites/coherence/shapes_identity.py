"""Does the thing in a clip of the shapes world stay the same thing?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from vbench_lite.clip import ClipInfo
from vbench_lite.datasets import shapes_judge
from vbench_lite.metric import Axis, ClipMetric, Features, MetricInfo, SampleInfo


class ShapesIdentity(ClipMetric):
    """Share of frames whose (shape, colour), as the judge reads them, is the clip's most frequent one.

    A frame that shows nothing counts against it, so noise and vanishing shapes score low. A frozen clip
    scores 1: read it beside motion amount. Source: `vbench_lite.datasets.shapes_judge`.

    Formula: frames that show the most frequent (shape, colour) / all frames.
    Traps: a frozen clip scores 1, and so does a clip that shows the wrong thing throughout.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="coherence/shapes_identity",
        version=1,
        axis=Axis.COHERENCE,
        unit="",
        bounds=(0.0, 1.0),
        higher_is_better=True,
        summary="Share of frames that show the clip's most frequent shape in its most frequent colour.",
        source="vbench_lite.datasets.shapes_judge: template correlation and nearest hue, frame by frame",
        extractors=("shapes-judge",),
        min_frames=2,
        needs_world="shapes",
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        """Needs nothing of the clip or its prompt."""

    def finish(self, features: Mapping[str, Features]) -> float:
        return shapes_judge.judge_features(features["shapes-judge"]).identity
