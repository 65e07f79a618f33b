"""Does a generator combine words that it never saw together in training?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Estimate, MetricInfo
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.suites.judged_set import ATTRIBUTES, JudgedClip, JudgedSet, judged_set_info

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
LEAST_PROMPTS = 2  # on each side, so that one can be left out


class HeldOutAccuracy(JudgedSet):
    """Share of attributes that clips of held-out captions show as asked.

    Formula: mean over clips whose (colour, shape) was held out of training of the share of the four
        attributes that the judge reads as the caption says.
    Traps: which pairs were held out is a fact of the shapes world and of generators trained on it
        (`vbench-lite show shapes --json`); a generator trained on other data has seen what it has seen.
    """

    info: ClassVar[MetricInfo] = judged_set_info(
        "generalisation/held_out_accuracy",
        "Share of attributes shown as asked for pairs of colour and shape that were kept out of training.",
        min_frames=shapes_judge.MIN_MOTION_FRAMES,
    )

    def judge(self, clips: Sequence[JudgedClip]) -> Estimate:
        return mean_held_out([clip.prompt_id for clip in clips], *_accuracies(clips))


class HeldOutGap(JudgedSet):
    """Accuracy on held-out captions minus accuracy on captions seen in training.

    0: combinations that were never seen cost nothing; below 0 is what they cost.

    Formula: as `generalisation/held_out_accuracy`, minus the same over all other clips; `extras` has both.
    Traps: a generator that is bad at everything has no gap: read it beside the accuracy.
    """

    info: ClassVar[MetricInfo] = judged_set_info(
        "generalisation/held_out_gap",
        "Accuracy on combinations kept out of training minus accuracy on seen ones; 0 is no loss.",
        bounds=(-1.0, 1.0),
        min_frames=shapes_judge.MIN_MOTION_FRAMES,
        min_n=2 * LEAST_PROMPTS,
    )

    def judge(self, clips: Sequence[JudgedClip]) -> Estimate:
        return held_out_gap([clip.prompt_id for clip in clips], *_accuracies(clips))


def mean_held_out(prompts: Sequence[str], values: Floats, held_out: Bools) -> Estimate:
    """Mean of the values of clips whose captions were held out of training.

    Args:
        prompts, values, held_out: of each clip.

    Raises:
        NotApplicable: there are fewer than two.
    """
    if held_out.sum() < LEAST_PROMPTS:
        raise NotApplicable("fewer than two captions hold what was kept out of training")
    # Indices of all clips, so that replicates stand for the same prompts as those of other metrics.
    estimate = jackknife(prompts, lambda kept: _mean(values, kept[held_out[kept]]))
    return replace(estimate, n=int(held_out.sum()))


def held_out_gap(prompts: Sequence[str], values: Floats, held_out: Bools) -> Estimate:
    """That mean less the mean of all other clips; `extras` has both.

    Raises:
        NotApplicable: there are fewer than two of either kind.
    """
    if min(held_out.sum(), (~held_out).sum()) < LEAST_PROMPTS:
        raise NotApplicable("a gap needs two captions or more of either kind, seen and held out")

    def gap(kept: npt.NDArray[np.int64]) -> float:
        return _mean(values, kept[held_out[kept]]) - _mean(values, kept[~held_out[kept]])

    estimate = jackknife(prompts, gap)
    both = {"held_out": float(values[held_out].mean()), "seen": float(values[~held_out].mean())}
    return replace(estimate, extras={**estimate.extras, **both})


def _accuracies(clips: Sequence[JudgedClip]) -> tuple[Floats, Bools]:
    """Share of attributes that each clip shows as asked, and whether its pair was held out."""
    values = [sum(clip.follows(a) for a in ATTRIBUTES) / len(ATTRIBUTES) for clip in clips]
    return np.array(values), np.array([clip.scene.held_out for clip in clips])


def _mean(values: Floats, kept: npt.NDArray[np.int64]) -> float:
    return float(values[kept].mean()) if len(kept) else float("nan")
