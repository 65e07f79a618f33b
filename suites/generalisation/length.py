"""What a clip loses beyond the length that generators of the shapes world are trained on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from vbench_lite.arrays import Bools
from vbench_lite.clip import ClipInfo
from vbench_lite.datasets import shapes
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.metric import Axis, ClipMetric, Features, MetricInfo, SampleInfo
from vbench_lite.suites.captions import scene_of
from vbench_lite.suites.judged_info import judged_info

TRAINED_FRAMES = shapes.DEFAULT_FRAMES
LEAST_BEYOND = 8  # frames after the trained length


class _Length(ClipMetric):
    """A value of whether each frame shows the caption's thing."""

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self._thing = shapes_judge.thing_of(scene_of(sample))

    def finish(self, features: Mapping[str, Features]) -> float:
        return self.value(shapes_judge.frame_readings(features["shapes-judge"]).agrees(self._thing))

    @abstractmethod
    def value(self, right: Bools) -> float:
        """The value, of whether each frame is right, bool (T,)."""


_info = partial(
    judged_info,
    how="outline and hue, frame by frame",
    axis=Axis.HORIZON,
    min_frames=TRAINED_FRAMES + LEAST_BEYOND,
)


class LongAccuracy(_Length):
    """Share of the frames beyond the trained length (16) that show the caption's shape in its colour.

    Formula: mean over frames 17 and later.
    Traps: a frozen clip keeps what it has: read it beside motion amount.
    """

    info: ClassVar[MetricInfo] = _info(
        "generalisation/long_accuracy",
        "Share of the frames beyond the trained length that show what was asked for.",
    )

    def value(self, right: Bools) -> float:
        return float(right[TRAINED_FRAMES:].mean())


class LengthGap(_Length):
    """Accuracy beyond the trained length (16 frames) minus accuracy within it.

    Formula: `generalisation/long_accuracy` minus the same share over the first 16 frames.
    Traps: a clip that is wrong from the start has no gap: read it beside the accuracy.
    """

    info: ClassVar[MetricInfo] = _info(
        "generalisation/length_gap",
        "Accuracy beyond the trained length minus accuracy within it; 0 is no loss.",
        bounds=(-1.0, 1.0),
    )

    def value(self, right: Bools) -> float:
        return float(right[TRAINED_FRAMES:].mean() - right[:TRAINED_FRAMES].mean())
