"""What is left of a clip of the shapes world in its last quarter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import numpy as np

from vbench_lite.clip import ClipInfo, Seconds
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.metric import Axis, ClipMetric, Features, MetricInfo, SampleInfo
from vbench_lite.suites.coherence.shapes_continuity import continuous_steps
from vbench_lite.suites.horizon.windows import first_second, last_quarter
from vbench_lite.suites.judged_info import judged_info

OPENING_FRAMES = 8  # a second of the shapes world
LEAST_FRAMES = 4 * OPENING_FRAMES


_info = partial(
    judged_info,
    how="outline, hue and track, frame by frame",
    axis=Axis.HORIZON,
    min_frames=LEAST_FRAMES,
    version=2,  # quarters and the first second are of time, not of the number of frames
)


class _Late(ClipMetric):
    """A value of the last quarter of the time."""

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self.clip = clip

    def edges(self, count: int) -> Seconds:
        """When each frame is on show; of a clip without a rate, at that of the shapes world."""
        return np.arange(count + 1) / OPENING_FRAMES if self.clip.step is None else self.clip.edges(count)


class LateIdentity(_Late):
    """Share of the last quarter's frames that show what the first second mostly showed.

    Unlike the drift, this is a level: it says how good the end is, and noise, which never drifts, is at
    its floor. A clip that shows nothing at first scores 0.

    Traps: a frozen clip scores 1; the suite gates it by motion.

    Formula: mean over the last quarter of the frames of [shows the (shape, colour) most frequent in the
        first second].
    """

    info: ClassVar[MetricInfo] = _info(
        "horizon/late_identity",
        "Share of the last quarter's frames that still show the thing the clip began with.",
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        rows = features["shapes-judge"]
        readings = shapes_judge.frame_readings(rows)
        edges = self.edges(len(rows))
        opening = readings.most_frequent(first_second(edges))
        if opening is None:
            return 0.0
        return float(readings.agrees(opening)[last_quarter(edges) :].mean())


class LateContinuity(_Late):
    """Share of the last quarter's steps between which the shape neither jumps nor vanishes.

    Formula: as `coherence/shapes_continuity`, over the last quarter of the steps.
    Traps: a frozen clip scores 1; the suite gates it by motion.
    """

    info: ClassVar[MetricInfo] = _info(
        "horizon/late_continuity",
        "Share of the last quarter's steps in which the shape neither jumps nor vanishes.",
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        steps = continuous_steps(shapes_judge.judge_features(features["shapes-judge"]))
        return float(np.mean(steps[last_quarter(self.edges(len(steps))) :]))
