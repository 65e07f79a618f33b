"""Does the thing in a clip of the shapes world stay on a path, or does it jump and vanish?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Bools
from vbench_lite.datasets import shapes
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.metric import Axis, FeatureMetric, Features, MetricInfo
from vbench_lite.suites.judged_info import judged_info

LONGEST_STEP = 1.5 * max(shapes.SPEEDS.values())  # pixels at 32x32 between neighbouring frames


class ShapesContinuity(FeatureMetric):
    """Share of neighbouring frames that both show the thing, no farther apart than the world moves it.

    A step of up to 3 pixels (at 32x32) is continuous: one and a half times the quickest speed, so that the
    judge's quarter pixel and small errors of a generator do not count as jumps. Shuffled frames jump,
    vanishing shapes and noise have no steps; a frozen clip scores 1: read it beside motion amount. Source:
    `vbench_lite.datasets.shapes.judge`.

    Formula: mean over steps of [both frames show the thing, and its centres are at most 3 pixels apart
        at 32x32].
    Traps: a frozen clip scores 1; so does a thing that slides in a wrong direction.
    """

    info: ClassVar[MetricInfo] = judged_info(
        "coherence/shapes_continuity",
        "Share of neighbouring frames between which the shape neither jumps nor vanishes.",
        "track of template matches, steps of at most 3 px at 32x32",
        axis=Axis.COHERENCE,
        min_frames=2,
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        return float(continuous_steps(shapes_judge.judge_features(features["shapes-judge"])).mean())


def continuous_steps(judgement: shapes_judge.Judgement) -> Bools:
    """Whether each step between neighbouring frames shows the thing twice and near, bool (T-1,)."""
    steps = np.linalg.norm(np.diff(judgement.track, axis=0), axis=1)
    near: Bools = steps <= LONGEST_STEP
    return judgement.visible[1:] & judgement.visible[:-1] & near
