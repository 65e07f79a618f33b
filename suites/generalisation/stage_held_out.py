"""Does a generator of the stage world combine words that it never saw together in training?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

import numpy as np

from vbench_lite.datasets.stage import judge
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, Estimate, MetricInfo
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.suites.generalisation.held_out import LEAST_PROMPTS
from vbench_lite.suites.stage_readings import stage_info
from vbench_lite.suites.stage_set import StageClip, StageSet

WORDS = ("color", "shape", "direction", "speed", "event", "front", "texture", "tint", "pan")
Kept = np.ndarray[tuple[int], np.dtype[np.int64]]
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
        values, held_out = _accuracies(clips)
        if held_out.sum() < LEAST_PROMPTS:
            raise NotApplicable("fewer than two captions hold what was kept out of training")

        def mean(kept: Kept) -> float:
            rows = kept[held_out[kept]]
            return float(values[rows].mean()) if len(rows) else float("nan")

        return replace(jackknife([clip.prompt_id for clip in clips], mean), n=int(held_out.sum()))


class StageHeldOutGap(StageSet):
    """Agreement on held-out captions minus agreement on the others; below 0 is what they cost.

    Formula: as `generalisation/stage_held_out`, minus the same over all other clips.
    Traps: a generator that is bad at everything has no gap: read it beside the accuracy.
    """

    info: ClassVar[MetricInfo] = _info(
        "generalisation/stage_held_out_gap",
        "Agreement on captions kept out of training minus agreement on seen ones; 0 is no loss.",
        low=-1.0,
    )

    def judge(self, clips: Sequence[StageClip]) -> Estimate:
        values, held_out = _accuracies(clips)
        if min(held_out.sum(), (~held_out).sum()) < LEAST_PROMPTS:
            raise NotApplicable("a gap needs two captions or more of either kind, seen and held out")

        def gap(kept: Kept) -> float:
            sides = (kept[held_out[kept]], kept[~held_out[kept]])
            if not all(map(len, sides)):
                return float("nan")
            return float(values[sides[0]].mean() - values[sides[1]].mean())

        estimate = jackknife([clip.prompt_id for clip in clips], gap)
        both = {"held_out": float(values[held_out].mean()), "seen": float(values[~held_out].mean())}
        return replace(estimate, extras={**estimate.extras, **both})


def _accuracies(clips: Sequence[StageClip]) -> tuple[np.ndarray, np.ndarray]:
    """Mean agreement of each clip, float64 (N,), and whether its caption was held out, bool (N,)."""
    rows = []
    for clip in clips:
        found = judge.agreement(clip.shown, clip.scene)
        rows.append(float(np.mean([value for name in WORDS if (value := found[name]) is not None])))
    return np.array(rows), np.array([clip.scene.held_out for clip in clips])
