"""Does a generator of the stage world combine words that it never saw together in training?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Bools, Floats
from vbench_lite.datasets.stage import judge
from vbench_lite.metric import Axis, Estimate, MetricInfo
from vbench_lite.suites.generalisation.held_out import LEAST_PROMPTS, held_out_gap, mean_held_out
from vbench_lite.suites.stage_readings import stage_info
from vbench_lite.suites.stage_set import StageClip, StageSet

WORDS = ("color", "shape", "direction", "speed", "event", "front", "texture", "tint", "pan")
_info = partial(stage_info, how="every attribute, clip by clip", axis=Axis.ALIGNMENT, min_n=LEAST_PROMPTS)


class StageHeldOut(StageSet):
    """Share of attributes that clips show whose looks or relation were kept out of training.

    Formula: mean over clips of captions that were held out of the mean agreement over the attributes that
        apply.
    Traps: what was held out is a fact of the stage world (`vbench-lite show stage --json`) and of generators
        trained on it; others have seen what they have seen.
    """

    info: ClassVar[MetricInfo] = _info(
        "generalisation/stage_held_out",
        "Share of attributes shown as asked where a look or a relation was kept out of training.",
    )

    def judge(self, clips: Sequence[StageClip]) -> Estimate:
        return mean_held_out([clip.prompt_id for clip in clips], *_accuracies(clips))


class StageHeldOutGap(StageSet):
    """Agreement on held-out captions minus agreement on the others; below 0 is what they cost.

    Formula: as `generalisation/stage_held_out`, minus the same over all other clips.
    Traps: a generator that is bad at everything has no gap: read it beside the accuracy.
    """

    info: ClassVar[MetricInfo] = _info(
        "generalisation/stage_held_out_gap",
        "Agreement on captions kept out of training minus agreement on seen ones; 0 is no loss.",
        bounds=(-1.0, 1.0),
    )

    def judge(self, clips: Sequence[StageClip]) -> Estimate:
        return held_out_gap([clip.prompt_id for clip in clips], *_accuracies(clips))


def _accuracies(clips: Sequence[StageClip]) -> tuple[Floats, Bools]:
    """Mean agreement of each clip, float64 (N,), and whether its caption was held out, bool (N,)."""
    rows = []
    for clip in clips:
        found = judge.agreement(clip.shown, clip.scene)
        rows.append(float(np.mean([value for name in WORDS if (value := found[name]) is not None])))
    return np.array(rows), np.array([clip.scene.held_out for clip in clips])
