"""Does a generator use the choice that a caption of the stage world leaves to chance?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from vbench_lite.datasets.stage.motion import SIDES
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, Estimate, MetricInfo
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.suites.stage_readings import stage_info
from vbench_lite.suites.stage_set import StageClip, StageSet

LEAST_TURNS = 4


class StageTurns(StageSet):
    """Entropy in bits of the side to which objects turn: 1 if both are as frequent, 0 if it is always one.

    Formula: -sum p log2 p over left and right, p the share of the clips of captions with a turn whose first
        object turns, that turn to that side.
    Traps: clips that do not turn at all are left out: read it beside `alignment/stage_event`. Small sets of
        real clips lie a little below 1.
    """

    info: ClassVar[MetricInfo] = stage_info(
        "diversity/stage_turns",
        "Entropy of the side of a turn that the caption leaves to chance; 0 if it is always the same.",
        "nearest path of the world",
        axis=Axis.DIVERSITY,
        min_n=LEAST_TURNS,
    )

    def judge(self, clips: Sequence[StageClip]) -> Estimate:
        sides = [
            clip.shown.of(clip.scene.first).side if clip.scene.event == "turns" else None for clip in clips
        ]
        codes = np.array([-1 if side is None else tuple(SIDES).index(side) for side in sides])
        if (codes >= 0).sum() < LEAST_TURNS:
            raise NotApplicable(f"fewer than {LEAST_TURNS} clips show an object that turns as asked")

        def entropy(kept: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
            turned = codes[kept][codes[kept] >= 0]
            shares = np.bincount(turned, minlength=2) / max(len(turned), 1)
            return float(-sum(p * np.log2(p) for p in shares if p > 0))

        return replace(jackknife([clip.prompt_id for clip in clips], entropy), n=len(clips))
