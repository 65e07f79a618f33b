"""Does the clip do what is held: go where keys say, and stop and rest where they are let go?"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vbench_lite.clip import ClipInfo
from vbench_lite.metric import MetricInfo, Scored
from vbench_lite.suites.interaction.session import (
    REST,
    WITHIN,
    Session,
    SessionMetric,
    interaction_info,
    judged,
    mean_of,
    seconds,
)


class Followed(SessionMetric):
    """Share of changes of direction that the clip follows.

    Read in the second half of each hold, so that a late answer still counts: how late it is, `response_s`,
    `wait_s` and `onset_s` say. Of the lock-step clock, where the script is indexed by frames.

    Formula: mean over holds that ask for another direction than the one before of [the mean step of the
        second half is above 0.25 pixels a frame at 32x32, and within 45 degrees of the direction asked];
        the series has each at its second.
    Traps: four directions are followed by chance in a quarter of cases; the control `action-blind` shows how
        often. Holds for which the shape had no room before the border are left out. A change that was over
        before the generator sampled it counts as not followed.
    """

    info: ClassVar[MetricInfo] = interaction_info(
        "interaction/followed", "Share of changes of the held direction after which the clip moves so."
    )

    def of_session(self, session: Session, clip: ClipInfo) -> Scored:
        step = seconds(clip)
        return mean_of(
            [(turn.start * step, float(_goes(moved, turn.direction))) for turn, moved in judged(session)],
            "no change of direction could be judged: there was no room, or no shape",
        )


def _goes(moved: np.ndarray, direction: tuple[float, float]) -> bool:
    speed = float(np.linalg.norm(moved))
    return speed > REST and float(moved @ np.array(direction)) >= WITHIN * speed


class Stopped(SessionMetric):
    """Share of releases after which the clip comes to rest.

    Formula: mean over holds of nothing that follow a movement of [the mean step of the second half is at most
        0.25 pixels a frame at 32x32].
    Traps: a frozen clip always rests: read it beside `interaction/followed`. In a world where things move by
        themselves it means nothing.
    """

    info: ClassVar[MetricInfo] = interaction_info(
        "interaction/stopped", "Share of releases of all keys after which the thing rests."
    )

    def of_session(self, session: Session, clip: ClipInfo) -> Scored:
        return mean_of(
            [(second, float(speed <= REST)) for second, speed in _released(session, seconds(clip))],
            "no release of the keys could be judged",
        )


class IdleDrift(SessionMetric):
    """How fast the thing moves while nothing is held.

    Formula: mean over holds of nothing that follow a movement of the length of the mean step of their second
        half, in pixels a frame at 32x32.
    Traps: 0 for a frozen clip.
    """

    info: ClassVar[MetricInfo] = interaction_info(
        "interaction/idle_drift",
        "Pixels a frame (at 32x32) that the thing moves while nothing is held.",
        high=None,
        higher_is_better=False,
        unit="px/frame",
    )

    def of_session(self, session: Session, clip: ClipInfo) -> Scored:
        return mean_of(list(_released(session, seconds(clip))), "no release of the keys could be judged")


def _released(session: Session, step: float) -> list[tuple[float, float]]:
    """(second, pixels a frame in the second half) of each release."""
    found = [(turn, session.settled(turn)) for turn in session.turns if turn.releases]
    return [
        (turn.start * step, float(np.linalg.norm(settled[0])))
        for turn, settled in found
        if settled is not None
    ]
