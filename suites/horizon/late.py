"""What is left of a clip of the shapes world in its last quarter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import numpy as np

from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.metric import Axis, FeatureMetric, Features, MetricInfo
from vbench_lite.suites.coherence.shapes_continuity import continuous_steps
from vbench_lite.suites.judged_info import judged_info

OPENING_FRAMES = 8  # a second of the shapes world
LEAST_FRAMES = 4 * OPENING_FRAMES


_info = partial(
    judged_info, how="outline, hue and track, frame by frame", axis=Axis.HORIZON, min_frames=LEAST_FRAMES
)


class LateIdentity(FeatureMetric):
    """Share of the last quarter's frames that show what the first eight frames mostly showed.

    Unlike the drift, this is a level: it says how good the end is, and noise, which never drifts, is at
    its floor. A clip that shows nothing at first scores 0.

    Traps: a frozen clip scores 1; the suite gates it by motion.

    Formula: mean over the last quarter of the frames of [shows the (shape, colour) most frequent in the
        first eight frames].
    """

    info: ClassVar[MetricInfo] = _info(
        "horizon/late_identity",
        "Share of the last quarter's frames that still show the thing the clip began with.",
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        rows = features["shapes-judge"]
        readings = shapes_judge.frame_readings(rows)
        opening = readings.most_frequent(OPENING_FRAMES)
        if opening is None:
            return 0.0
        return float(readings.agrees(opening)[-(len(rows) // 4) :].mean())


class LateContinuity(FeatureMetric):
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
        return float(np.mean(steps[-(len(steps) // 4) :]))
