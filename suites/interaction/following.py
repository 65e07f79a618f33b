"""Does the clip do what is held: go where keys say, and stop and rest where they are let go?"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vbench_lite.clip import ClipInfo
from vbench_lite.metric import MetricInfo, Scored
from vbench_lite.suites.interaction.session import (
    REST,
    ROOM,
    WITHIN,
    Session,
    SessionMetric,
    Turn,
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


class FrameAccuracy(SessionMetric):
    """Share of frames that move as asked, of those made with a new direction.

    The first of them counts as much as the last: a clip that follows late, or stops before the key is let
    go, loses what it does not show. Of the lock-step clock.

    Formula: mean over holds that ask for another direction than the one before of the share of [the step into
        the frame is above 0.25 pixels at 32x32, and within 45 degrees of the direction asked] among the
        frames from the first made with the hold to the last before the next one's; the series has each at
        its second.
    Traps: as of `interaction/followed`: chance is above 0, and frames for which the shape had no room before
        the border are left out. A frame without a shape does not move. A hold that was over before the
        generator sampled it counts as 0. How long a hold waited to be sampled is not in it: that is
        `interaction/wait_s`.
    """

    info: ClassVar[MetricInfo] = interaction_info(
        "interaction/frame_accuracy",
        "Share of frames, from the first made with a new direction, that move so.",
    )

    def of_session(self, session: Session, clip: ClipInfo) -> Scored:
        step = seconds(clip)
        shares = [(turn.start * step, _share(session, turn)) for turn in session.turns if turn.moves]
        return mean_of(
            [(second, share) for second, share in shares if share is not None],
            "no frame of a new direction could be judged: there was no room, or no shape",
        )


def _share(session: Session, turn: Turn) -> float | None:
    """Share of a hold's frames that move as asked; None where none could be judged."""
    if turn.used is None:
        return 0.0
    frames = [
        frame
        for frame in session.made_with(turn)
        if frame and session.visible[frame - 1] and session.room(frame - 1, turn.direction) >= ROOM
    ]
    if not frames:
        return None
    steps = session.track[frames] - session.track[[frame - 1 for frame in frames]]
    seen = session.visible[frames]
    return float(
        np.mean([shown and _goes(moved, turn.direction) for shown, moved in zip(seen, steps, strict=True)])
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
        bounds=(0.0, None),
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
