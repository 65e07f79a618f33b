"""Which stage of a call a slowdown comes from, read from the timed calls of both arms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vbench_lite.format import number
from vbench_lite.metric import BASE_CASE, Measurement
from vbench_lite.results.stages import stage_seconds


@dataclass(frozen=True)
class SlowStage:
    """The stage that grew most: by how many seconds, of how many that the whole call grew by."""

    stage: str
    seconds: float
    total_s: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def line(self) -> str:
        """`the call takes 0.2 s longer, 0.19 s of it in the stage decode`."""
        whole, part = number(self.total_s, "s"), number(self.seconds, "s")
        if self.seconds > self.total_s and part != whole:  # others are shorter than they were
            return f"the call takes {whole} longer; the stage {self.stage} alone {part}"
        return f"the call takes {whole} longer, {part} of it in the stage {self.stage}"


def slow_stage(baseline: Sequence[Measurement], candidate: Sequence[Measurement]) -> SlowStage | None:
    """The stage that a slower candidate spends its time in; None where a side names none, or none grew.

    Args:
        baseline, candidate: the timed calls of one generator each; those of the suite's own request that
            nobody disturbed count, by their medians.
    """
    sides = [_calm(baseline), _calm(candidate)]
    if not all(sides):
        return None
    total_s = float(np.median([c.total_s for c in sides[1]]) - np.median([c.total_s for c in sides[0]]))
    before, after = (_typical(calls) for calls in sides)
    if not before or not after:
        return None
    grown = {
        stage: after.get(stage, 0.0) - before.get(stage, 0.0) for stage in dict.fromkeys([*before, *after])
    }
    most = max(grown, key=grown.__getitem__, default=None)
    if most is None or grown[most] <= 0 or total_s <= 0:
        return None
    return SlowStage(most, grown[most], total_s)


def _calm(calls: Sequence[Measurement]) -> list[Measurement]:
    warm = [call for call in calls if call.call == "warm" and call.case == BASE_CASE]
    return [call for call in warm if not call.contended]


def _typical(calls: Sequence[Measurement]) -> dict[str, float]:
    """The median of the seconds of each stage; a call that names others spent none in it."""
    spent = [{stage: part for stage, part in stage_seconds(call).items() if part} for call in calls]
    named = [parts for parts in spent if parts]
    stages = dict.fromkeys(stage for parts in named for stage in parts)
    return {stage: float(np.median([parts.get(stage, 0.0) for parts in named])) for stage in stages}
