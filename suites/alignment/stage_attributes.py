"""Does a clip of the stage world show what its caption says?

One metric for each attribute, the mean over both objects where both have it. Source: colors by chroma,
outlines by templates, motion by the paths of the world (`vbench_lite.datasets.stage.judge`); real clips
score at least 0.98 on each.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import numpy as np

from vbench_lite.clip import ClipInfo
from vbench_lite.datasets.stage import judge
from vbench_lite.datasets.stage.judge_motion import LEAST_FRAMES
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, ClipMetric, Features, MetricInfo, SampleInfo
from vbench_lite.suites.stage_readings import scene_of, shown, stage_info


class StageAttribute(ClipMetric):
    """How far a clip shows the caption's words for some attributes, in [0, 1].

    Formula: mean over the attributes, and over both objects where it is one of objects, of [the judge reads
        the caption's word].
    Traps: right by chance: 1/3 of colors, 1/8 of shapes, 1/16 of directions with their speed.
    """

    attributes: ClassVar[tuple[str, ...]]

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self._scene = scene_of(sample)

    def finish(self, features: Mapping[str, Features]) -> float:
        found = judge.agreement(shown(features), self._scene)
        values = [value for name in self.attributes if (value := found[name]) is not None]
        if not values:
            raise NotApplicable("the caption does not say that one object passes in front of the other")
        return float(np.mean(values))


_info = partial(stage_info, axis=Axis.ALIGNMENT)
_motion = partial(_info, how="nearest path of the world, bounces included", min_frames=LEAST_FRAMES)


class StageColor(StageAttribute):
    """The color that covers most, of the warm ones and of the cool ones, is the caption's."""

    attributes = ("color",)
    info: ClassVar[MetricInfo] = _info(
        "alignment/stage_color", "Share of objects that have the color the caption names.", "largest cover"
    )


class StageShape(StageAttribute):
    """The outline is the caption's: best mean template cosine over clean frames, and at least 0.85."""

    attributes = ("shape",)
    info: ClassVar[MetricInfo] = _info(
        "alignment/stage_shape", "Share of objects that have the shape the caption names.", "templates"
    )


class StageMotion(StageAttribute):
    """Both direction and speed of each object are the caption's, by its track over the first 16 frames."""

    attributes = ("direction", "speed")
    info: ClassVar[MetricInfo] = _motion(
        "alignment/stage_motion", "Share of directions and speeds that are as the caption says."
    )


class StageEvent(StageAttribute):
    """The first object passes, leaves or turns as the caption says, and the second does none of these."""

    attributes = ("event",)
    info: ClassVar[MetricInfo] = _motion(
        "alignment/stage_event", "Share of clips in which what happens is what the caption says."
    )


class StageFront(StageAttribute):
    """Where one object passes in front of the other, the first of the caption is in front.

    Traps: captions of another event have no value; a clip in which the objects never meet is wrong.
    """

    attributes = ("front",)
    info: ClassVar[MetricInfo] = _info(
        "alignment/stage_front",
        "Share of clips with a meeting in which the right object is in front.",
        "which object lacks pixels where the paths overlap",
        min_frames=LEAST_FRAMES,
    )


class StageBackground(StageAttribute):
    """Texture, tint and pan of the background are the caption's."""

    attributes = ("texture", "tint", "pan")
    info: ClassVar[MetricInfo] = _info(
        "alignment/stage_background",
        "Share of texture, tint and pan that are as the caption says.",
        "correlation with tiles at each phase, and nearest tint",
        min_frames=2,
    )
