"""One word of the prompt is changed and the seed kept: does the clip change in that, and only in that?

Pairs are found by themselves: two clips of one seed whose captions differ in exactly one word. A suite
asks for them by `prompts.edits`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import ClassVar

import numpy as np

from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.errors import NotApplicable
from vbench_lite.grouping import grouped
from vbench_lite.metric import Estimate, MetricInfo
from vbench_lite.stats.jackknife import jackknife_mean
from vbench_lite.suites.judged_set import ATTRIBUTES, JudgedClip, JudgedSet, judged_set_info


@dataclass(frozen=True)
class Edit:
    """A pair of clips of one seed; `attribute` is the one in which their captions differ."""

    attribute: str
    first: JudgedClip
    second: JudgedClip


def edits(clips: Sequence[JudgedClip]) -> list[Edit]:
    """Every pair of clips of one seed whose captions differ in exactly one word."""
    found = []
    for group in grouped((clip.seed, clip) for clip in clips).values():
        for first, second in combinations(group, 2):
            changed = [a for a in ATTRIBUTES if getattr(first.scene, a) != getattr(second.scene, a)]
            if len(changed) == 1:
                found.append(Edit(changed[0], first, second))
    return found


class _Edits(JudgedSet):
    """A share over the edits of a set; a prompt and its edits stand and fall together in the interval."""

    def judge(self, clips: Sequence[JudgedClip]) -> Estimate:
        pairs = edits(clips)
        if not pairs:
            raise NotApplicable("no two clips of one seed have captions that differ in one word only")
        values = np.array([self.value(pair) for pair in pairs])
        estimate = jackknife_mean([pair.first.prompt_id for pair in pairs], values, self.info.bounds)
        words = {
            attribute: float(values[[pair.attribute == attribute for pair in pairs]].mean())
            for attribute in sorted({pair.attribute for pair in pairs})
        }
        return replace(estimate, n=len(clips), extras={**estimate.extras, **words})

    @abstractmethod
    def value(self, pair: Edit) -> float:
        """The share of one edit that holds, in [0, 1]."""


class EditFollowed(_Edits):
    """Share of edits that show in the clips: each of the two shows its own caption's word.

    Formula: mean over pairs of [clip 1 shows word 1 and clip 2 shows word 2] for the word that differs;
        `extras` has the share for each attribute.
    Traps: a generator that ignores the prompt never follows; one that is right by chance follows rarely.
    """

    info: ClassVar[MetricInfo] = judged_set_info(
        "control/edit_followed",
        "Share of one-word edits after which both clips show the word that they were asked for.",
        min_frames=shapes_judge.MIN_MOTION_FRAMES,
    )

    def value(self, pair: Edit) -> float:
        return float(pair.first.follows(pair.attribute) and pair.second.follows(pair.attribute))


class EditKept(_Edits):
    """Share of the other three attributes that an edit leaves as they were.

    Formula: mean over pairs and the three attributes whose words are equal of [both clips show the same,
        and show something]; `extras` has the share by the attribute that was edited.
    Traps: a generator that ignores the prompt keeps everything: read it beside `control/edit_followed`.
        Attributes that cannot be read from a clip count as not kept.
    """

    info: ClassVar[MetricInfo] = judged_set_info(
        "control/edit_kept",
        "Share of what a one-word edit should leave alone that it does leave alone.",
        min_frames=shapes_judge.MIN_MOTION_FRAMES,
    )

    def value(self, pair: Edit) -> float:
        others = [a for a in ATTRIBUTES if a != pair.attribute]
        shown = [(getattr(pair.first.shown, a), getattr(pair.second.shown, a)) for a in others]
        kept = [one is not None and bool(one == other) for one, other in shown]
        return sum(kept) / len(others)
