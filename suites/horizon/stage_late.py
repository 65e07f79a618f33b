"""What is left at the end of a long clip of the stage world, and how fast it goes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import numpy as np

from vbench_lite.datasets.stage import judge, render
from vbench_lite.metric import Axis, FeatureMetric, Features, MetricInfo, Scored
from vbench_lite.suites.horizon.windows import LEAST_WINDOWS, course
from vbench_lite.suites.stage_readings import EXTRACTOR, stage_info

OPENING_FRAMES = round(render.FPS)  # a second
LEAST_FRAMES = 4 * OPENING_FRAMES
_info = partial(stage_info, how="templates, frame by frame", axis=Axis.HORIZON, min_frames=LEAST_FRAMES)


class StageLate(FeatureMetric):
    """Share of both objects of the first second that the last quarter's frames show, whole and uncovered.

    Formula: mean over the last quarter of the frames and over both objects of [the frame shows the object's
        color with the shape of the first second].
    Traps: objects that are covered or out of the frame count as not shown, in real clips as well: compare
        with those. A frozen clip scores 1; the suite gates it by motion.
    """

    info: ClassVar[MetricInfo] = _info(
        "horizon/stage_late", "Share of the objects of the first second that the last quarter shows."
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        rows = judge.still_shown(features[EXTRACTOR], OPENING_FRAMES)
        return float(rows[-(len(rows) // 4) :].mean())


class StageDrift(FeatureMetric):
    """Slope of the share of objects that are still shown, over windows of one second; below 0 they are lost.

    Formula: least-squares slope of the windows' mean of what `horizon/stage_late` averages.
    Traps: a clip that shows nothing in its first second has nothing to lose, and drifts by 0.
    """

    info: ClassVar[MetricInfo] = _info(
        "horizon/stage_drift",
        "Change a second of the share of objects that are still those of the first second.",
        low=-1.0,
        min_frames=LEAST_WINDOWS * OPENING_FRAMES,
    )

    def finish(self, features: Mapping[str, Features]) -> Scored:
        rows = judge.still_shown(features[EXTRACTOR], OPENING_FRAMES).astype(np.float64)
        found = course(rows, np.arange(len(rows) + 1) / render.FPS)
        return Scored(found.slope, found.series)
