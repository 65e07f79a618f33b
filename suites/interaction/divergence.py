"""How far do clips of one seed and one past part after their scripts do?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import ClassVar

import numpy as np

from vbench_lite.control import Script
from vbench_lite.errors import NotApplicable
from vbench_lite.grouping import grouped
from vbench_lite.metric import Estimate, Features, MetricInfo, SampleInfo
from vbench_lite.stats.jackknife import jackknife_mean
from vbench_lite.suites.interaction.session import Session, interaction_info, read_session
from vbench_lite.suites.judged_set import ReadSet


@dataclass(frozen=True)
class SteeredClip:
    """A clip of a set: whose prompt and seed, by which script, and where its shape was; the last two are None
    for a clip that was not steered, or hardly shows a shape."""

    prompt_id: str
    seed: int | None
    script: Script | None
    session: Session | None


class Divergence(ReadSet[SteeredClip]):
    """Distance between the shapes of two clips of one seed, after their scripts part.

    Exactly 0 for a generator that ignores actions: then its two clips are one. The world itself shows how far
    they should part.

    Formula: mean over pairs of clips of one prompt and seed under two scripts, and over the frames from the
        first in which the scripts differ, of the distance between the centres in pixels at 32x32; the
        interval leaves prompts out.
    Traps: a generator that is not deterministic parts from itself; larger than the world's is no better. It
        says that actions change the clip, not that they are followed.
    """

    info: ClassVar[MetricInfo] = interaction_info(
        "interaction/divergence",
        "Pixels (at 32x32) by which clips of one seed part after their scripts do; 0 if actions are ignored.",
        bounds=(0.0, None),
        higher_is_better=None,
        unit="px",
        min_n=2,
    )

    session_of = staticmethod(read_session)

    def read(self, rows: Features, sample: SampleInfo) -> SteeredClip:
        try:
            session = self.session_of(rows, sample)
        except NotApplicable:
            return SteeredClip(sample.prompt_id, sample.seed, None, None)
        return SteeredClip(sample.prompt_id, sample.seed, sample.script, session)

    def judge(self, clips: Sequence[SteeredClip]) -> Estimate:
        groups = grouped(((clip.prompt_id, clip.seed), clip) for clip in clips)
        pairs = [
            (prompt, apart)
            for (prompt, _), group in sorted(groups.items(), key=str)
            for first, second in combinations(group, 2)
            if (apart := parted(first, second)) is not None
        ]
        if not pairs:
            raise NotApplicable("no two clips of one seed have scripts that part")
        prompts, values = zip(*pairs, strict=True)
        return replace(jackknife_mean(prompts, values), n=len(clips))


def parted(first: SteeredClip, second: SteeredClip) -> float | None:
    """Mean distance in pixels after the scripts part; None where they do not, or no frame shows both."""
    one, other = first.session, second.session
    if one is None or other is None or first.script is None or second.script is None:
        return None
    frames = min(len(one.track), len(other.track))
    differs = (place for place in range(frames) if first.script.at(place) != second.script.at(place))
    start = next(differs, frames)
    both = one.visible[start:frames] & other.visible[start:frames]
    if not both.any():
        return None
    apart = np.linalg.norm(one.track[start:frames] - other.track[start:frames], axis=1)
    return float(apart[both].mean())
