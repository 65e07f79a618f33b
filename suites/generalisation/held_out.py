"""Does a generator combine words that it never saw together in training?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Bools, Floats, Ints
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Estimate, MetricInfo
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.stats.means import mean_estimate
from vbench_lite.suites.judged_set import ATTRIBUTES, JudgedClip, JudgedSet, judged_set_info

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
    # Indices of all clips, so that replicates stand for the same prompts as those of other metrics; the
    # interval is that of the few which were held out.
    estimate = jackknife(prompts, lambda kept: _mean(values, kept[held_out[kept]]))
    own = _of_clips(prompts, values, held_out)
    return replace(estimate, low=own.low, high=own.high, n=own.n)


def held_out_gap(prompts: Sequence[str], values: Floats, held_out: Bools) -> Estimate:
    """That mean less the mean of all other clips; `extras` has both.

    Raises:
        NotApplicable: there are fewer than two of either kind.
    """
    if min(held_out.sum(), (~held_out).sum()) < LEAST_PROMPTS:
        raise NotApplicable("a gap needs two captions or more of either kind, seen and held out")

    def gap(kept: Ints) -> float:
        return _mean(values, kept[held_out[kept]]) - _mean(values, kept[~held_out[kept]])

    estimate = jackknife(prompts, gap)
    held, seen = _of_clips(prompts, values, held_out), _of_clips(prompts, values, ~held_out)
    both = {"held_out": held.value, "seen": seen.value}
    ends = (held.low, held.high, seen.low, seen.high)
    if None in ends:
        return replace(estimate, low=None, high=None, extras={**estimate.extras, **both})
    # The sides of the two intervals that face each other (Zou & Donner 2008, Statistics in Medicine 27).
    low = estimate.value - math.hypot(held.value - (held.low or 0.0), (seen.high or 0.0) - seen.value)
    high = estimate.value + math.hypot((held.high or 0.0) - held.value, seen.value - (seen.low or 0.0))
    return replace(estimate, low=low, high=high, extras={**estimate.extras, **both})


def _of_clips(prompts: Sequence[str], values: Floats, chosen: Bools) -> Estimate:
    """The mean of shares of some clips, each of which counts once."""
    names = [prompt for prompt, own in zip(prompts, chosen, strict=True) if own]
    return mean_estimate(values[chosen].tolist(), names, weights=[1.0] * len(names), bounds=(0.0, 1.0))


def _accuracies(clips: Sequence[JudgedClip]) -> tuple[Floats, Bools]:
    """Share of attributes that each clip shows as asked, and whether its pair was held out."""
    values = [sum(clip.follows(a) for a in ATTRIBUTES) / len(ATTRIBUTES) for clip in clips]
    return np.array(values), np.array([clip.scene.held_out for clip in clips])


def _mean(values: Floats, kept: Ints) -> float:
    return float(values[kept].mean()) if len(kept) else float("nan")
