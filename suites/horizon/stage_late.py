"""What is left at the end of a long clip of the stage world, and how fast it goes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import numpy as np

from vbench_lite.datasets.stage import judge, render
from vbench_lite.metric import Axis, FeatureMetric, Features, MetricInfo, Scored
from vbench_lite.suites.coherence.stage_steadiness import steadiness
from vbench_lite.suites.horizon.windows import LEAST_WINDOWS, course
from vbench_lite.suites.stage_readings import EXTRACTOR, stage_info

OPENING_FRAMES = round(render.FPS)  # a second
LEAST_FRAMES = 4 * OPENING_FRAMES
_info = partial(stage_info, how="templates, frame by frame", axis=Axis.HORIZON, min_frames=LEAST_FRAMES)


class StageLate(FeatureMetric):
    """Share of moments of the last quarter at which an object is that of the first second and moves steadily.

    Formula: as `coherence/stage_steadiness` over the last quarter of the frames, of which only those count
        as steady that show the shape of the first second (template cosine at least 0.85).
    Traps: an object that stays covered or away for the whole last quarter counts as lost. A frozen clip
        scores 1; the suite gates it by motion. Real objects bounce, so they lie near 0.9.
    """

    info: ClassVar[MetricInfo] = _info(
        "horizon/stage_late",
        "Share of moments of the last quarter at which an object is what it was and moves steadily.",
        version=2,
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        rows = features[EXTRACTOR]
        late = slice(-(len(rows) // 4), None)
        return steadiness(rows[late], judge.still_shown(rows, OPENING_FRAMES)[late])


class StageDrift(FeatureMetric):
    """Slope of the share of objects that are still shown, over windows of one second; below 0 they are lost.

    Formula: least-squares slope of the windows' mean of [the frame shows the object whole, in the color and
        with the shape of the first second], over both objects.
    Traps: real clips hide objects at times, by which the slope of one clip is off by some hundredths. A clip
        that shows nothing in its first second has nothing to lose, and drifts by 0.
    """

    info: ClassVar[MetricInfo] = _info(
        "horizon/stage_drift",
        "Change a second of the share of objects that are still those of the first second.",
        bounds=(-1.0, 1.0),
        version=2,
        min_frames=LEAST_WINDOWS * OPENING_FRAMES,
    )

    def finish(self, features: Mapping[str, Features]) -> Scored:
        rows = judge.still_shown(features[EXTRACTOR], OPENING_FRAMES).mean(axis=1)
        found = course(rows, np.arange(len(rows) + 1) / render.FPS)
        return Scored(found.slope, found.series)
