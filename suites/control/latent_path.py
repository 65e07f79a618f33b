"""Does a clip change evenly when its initial noise does?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from vbench_lite.errors import NotApplicable
from vbench_lite.grouping import grouped
from vbench_lite.metric import Estimate, MetricInfo
from vbench_lite.stats.jackknife import jackknife_mean
from vbench_lite.suites.judged_set import JudgedClip, JudgedSet, judged_set_info

LEAST_POINTS = 4
BASE_PX = 32.0
STILL = 1e-9  # sides; a walk whose clips are all alike has no steps to compare


class LatentPathEvenness(JudgedSet):
    """How evenly the track of the thing moves while the initial noise walks from one draw to another.

    1: every step of the walk changes the clip as much as any other; 0: the whole change comes in one
    step, as where a generator falls from one memorised clip into another.

    Formula: for each walk of k clips, with d the mean distance between the tracks of neighbouring clips:
        1 - (max d / sum d - 1 / (k - 1)) / (1 - 1 / (k - 1)); mean over walks.
    Traps: it says how even the way is and not how far: clips that all differ wildly by equal amounts
        score 1 as well. Only generators that let a request set their noise have a value; real clips have
        no noise.
    """

    info: ClassVar[MetricInfo] = judged_set_info(
        "control/latent_path_evenness",
        "How evenly a clip changes along a walk through initial noise; 0 is all in one jump.",
        min_n=LEAST_POINTS,
    )

    def judge(self, clips: Sequence[JudgedClip]) -> Estimate:
        walks = grouped(((clip.prompt_id, clip.seed), clip) for clip in clips if clip.walk is not None)
        found = {key: _evenness(walk) for key, walk in walks.items() if len(walk) >= LEAST_POINTS}
        known = {key: value for key, value in found.items() if value is not None}
        if not known:
            raise NotApplicable(f"no walk through noise with {LEAST_POINTS} clips that differ")
        return jackknife_mean([prompt for prompt, _ in known], list(known.values()), self.info.bounds)


def _evenness(walk: Sequence[JudgedClip]) -> float | None:
    """Evenness of one walk; None if nothing changes on it."""
    tracks = [clip.shown.track for clip in sorted(walk, key=lambda clip: clip.walk or 0.0)]
    steps = np.array(
        [
            np.linalg.norm(second - first, axis=1).mean() / BASE_PX
            for first, second in itertools.pairwise(tracks)
        ]
    )
    if steps.sum() < STILL:
        return None
    even = 1 / len(steps)
    return float(1 - (steps.max() / steps.sum() - even) / (1 - even))
