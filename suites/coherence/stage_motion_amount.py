"""How fast the objects of a clip of the stage world move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.datasets.stage import judge, render
from vbench_lite.datasets.stage.motion import SIZE
from vbench_lite.metric import Axis, FeatureMetric, Features, MetricInfo
from vbench_lite.suites.stage_readings import EXTRACTOR, stage_info


class StageMotionAmount(FeatureMetric):
    """Mean speed of the two objects, in short sides of the frame a second.

    It is a description: more is not better. It keeps frozen clips from winning coherence, and reads what the
    judge has measured already, where `coherence/motion_amount` needs an optical flow for each pair of frames.

    Formula: mean over both objects of the mean step of its center between neighbouring frames that both show
        it whole, times frames a second, divided by the side; 0 for an object that no such two frames show.
    Traps: the background counts for nothing, however it pans. An object that jumps is fast.
    """

    info: ClassVar[MetricInfo] = stage_info(
        "coherence/stage_motion_amount",
        "Mean speed of the objects, in short sides of the frame a second; 0 is a still picture.",
        "centers of the best template, frames in which the object is whole",
        axis=Axis.COHERENCE,
        bounds=(0.0, None),
        higher_is_better=None,
        unit="sides/s",
        min_frames=2,
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        centers, whole = judge.tracks(features[EXTRACTOR])
        kept = whole[1:] & whole[:-1]
        steps = np.linalg.norm(np.diff(centers, axis=0), axis=-1)
        means = (steps * kept).sum(axis=0) / np.maximum(kept.sum(axis=0), 1)
        return float(means.mean()) * render.FPS / SIZE
