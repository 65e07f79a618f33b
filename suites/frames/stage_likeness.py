"""How well what a clip of the stage world shows is drawn, whatever its caption says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.datasets.stage import judge_frames
from vbench_lite.datasets.stage.words import COLORS, SHAPES, TEXTURES
from vbench_lite.metric import Axis, FeatureMetric, Features, MetricInfo
from vbench_lite.suites.stage_readings import EXTRACTOR, stage_info


class StageLikeness(FeatureMetric):
    """Mean over frames of how like the world's things the objects, and its textures the background, are.

    Formula: mean over frames of (o + b) / 2: o is the mean over colors that cover enough of the best cosine
        with a template (0 where there are none), b the best correlation of the background with a texture.
    Traps: real frames lie a little below 1, where an object is cut by the border; the caption plays no part.
    """

    info: ClassVar[MetricInfo] = stage_info(
        "frames/stage_likeness",
        "How like the world's outlines and textures the frames are: 1 is exactly.",
        "best template cosine of each object, best correlation of the background",
        axis=Axis.QUALITY,
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        rows = features[EXTRACTOR]
        best = rows[:, judge_frames.SCORES].reshape(len(rows), len(COLORS), len(SHAPES)).max(axis=2)
        seen = rows[:, judge_frames.COVER] >= judge_frames.LEAST_COVER
        objects = (best * seen).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
        walls = rows[:, judge_frames.WALL].reshape(len(rows), len(TEXTURES), -1).max(axis=(1, 2))
        return float(np.clip((objects + np.maximum(walls, 0)) / 2, 0, 1).mean())
