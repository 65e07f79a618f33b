"""Does a clip of the shapes world show the attributes that its caption names?

One metric for each attribute: 1 if the judge reads the caption's word from the clip, 0 otherwise (also
where it reads none). The mean over clips is an accuracy. Source: the templates and paths of the world
itself (`vbench_lite.datasets.shapes.judge`); the ceiling on real clips is at least 0.98.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar, Literal

from vbench_lite.clip import ClipInfo
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.metric import Axis, ClipMetric, Features, MetricInfo, SampleInfo
from vbench_lite.suites.captions import scene_of
from vbench_lite.suites.judged_info import judged_info


class ShapesAttribute(ClipMetric):
    """1 if the judge reads the caption's word, else 0.

    Formula: [the word the judge reads = the word of the caption], 1 or 0 for a clip.
    Traps: right by chance: 1/6 of colours, 1/12 of shapes, 1/8 of directions, 1/2 of speeds.
    """

    attribute: ClassVar[Literal["shape", "colour", "direction", "speed"]]

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self._scene = scene_of(sample)

    def finish(self, features: Mapping[str, Features]) -> float:
        judgement = shapes_judge.judge_features(features["shapes-judge"])
        return float(getattr(judgement, self.attribute) == getattr(self._scene, self.attribute))


_info = partial(judged_info, how="template correlation, nearest hue, reflected-path fit", axis=Axis.ALIGNMENT)


class ShapesShape(ShapesAttribute):
    """The outline is the caption's: best mean template cosine, and at least 0.8."""

    attribute = "shape"
    info: ClassVar[MetricInfo] = _info(
        "alignment/shapes_shape", "Share of clips that show the shape the caption names."
    )


class ShapesColour(ShapesAttribute):
    """The colour is the caption's in most frames that show a shape."""

    attribute = "colour"
    info: ClassVar[MetricInfo] = _info(
        "alignment/shapes_colour", "Share of clips that show the colour the caption names."
    )


class ShapesDirection(ShapesAttribute):
    """The track of the first 16 frames fits a path in the caption's direction best, bounces included."""

    attribute = "direction"
    info: ClassVar[MetricInfo] = _info(
        "alignment/shapes_direction",
        "Share of clips whose shape moves in the direction the caption names.",
        min_frames=shapes_judge.MIN_MOTION_FRAMES,
    )


class ShapesSpeed(ShapesAttribute):
    """The track of the first 16 frames fits a path at the caption's speed best, bounces included."""

    attribute = "speed"
    info: ClassVar[MetricInfo] = _info(
        "alignment/shapes_speed",
        "Share of clips whose shape moves at the speed the caption names.",
        min_frames=shapes_judge.MIN_MOTION_FRAMES,
    )
