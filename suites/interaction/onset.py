"""How long after the first frame made with a control can it be seen?"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import MetricInfo, Scored
from vbench_lite.suites.interaction.session import (
    REST,
    ROOM,
    Session,
    SessionMetric,
    interaction_info,
    mean_of,
    seconds,
)

_BEFORE = 2  # frames that say where the clip went before
_SUSTAINED = 3  # frames whose mean has to hold what the first of them shows


class Onset(SessionMetric):
    """Seconds of the clip from the first frame made with a new direction to the first that shows it.

    Formula: for each hold that asks for another direction, v is the step along it into each frame from the
        first one made with it, and p the 75th percentile of v; the onset is the first frame with v >= p / 2
        whose next two keep that on the mean. 0 where the very first frame shows it. No response (p below
        0.25 pixels a frame at 32x32), no onset. The value is the mean over holds with an onset, none where
        fewer than half have one; the series has each at its second. Holds before which the clip went so
        already (v of the two frames before reaches p / 2), or that had no room, are left out.
    Traps: of pixels only: how long the generator took is `interaction/response_s`, and how long the control
        waited for it `interaction/wait_s`; the three add up to what a player feels.
    """

    info: ClassVar[MetricInfo] = interaction_info(
        "interaction/onset_s",
        "Seconds from the first frame made with a new direction to the first frame that shows it.",
        bounds=(0.0, None),
        higher_is_better=False,
        unit="s",
        version=2,
    )

    def of_session(self, session: Session, clip: ClipInfo) -> Scored:
        step, found, asked = seconds(clip), [], 0
        for turn in session.turns:
            made = session.made_with(turn)
            used, stop = made.start, made.stop
            if used < _BEFORE + 1 or not turn.moves or len(made) < _SUSTAINED:
                continue
            shown = session.visible[used - _BEFORE - 1 : stop].all()
            if not shown or session.room(used - 1, turn.direction) < ROOM:
                continue
            along = session.along(turn, used, stop)
            needed = float(np.percentile(along, 75)) / 2
            if session.along(turn, used - _BEFORE, used).mean() >= max(needed, REST / 2):
                continue
            asked += 1
            onset = visible_onset(along, needed)
            if onset is not None:
                found.append((turn.start * step, onset * step))
        if asked and len(found) < asked / 2:
            raise NotApplicable(f"{asked - len(found)} of {asked} changes of direction had no response")
        return mean_of(found, "no change of direction could be judged: there was no room, or no shape")


def visible_onset(along: Floats, needed: float) -> int | None:
    """The place of the first step that shows a response; None where there is none.

    Args:
        along: steps along the asked direction, pixels a frame at 32x32, float64 (N,).
        needed: half of their 75th percentile.
    """
    if 2 * needed < REST:
        return None
    for place, step in enumerate(along):
        if step >= needed and along[place : place + _SUSTAINED].mean() >= needed:
            return place
    return None
