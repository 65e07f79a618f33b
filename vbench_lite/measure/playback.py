"""What a viewer sees of a stream: how long to wait so that it never stalls, and how it stalls otherwise.

A clip arrives in pieces: piece k with n_k frames at t_k, after N_k frames of earlier pieces. Frames are
shown at `fps`. If the show starts at D, piece k is wanted at D + N_k / fps, so the smallest start
without a stall is

    D = max over k of (t_k - N_k / fps).

A whole-clip generator has one piece, so D is the time of its only arrival. Starting at the first
arrival t_1 instead, the show stalls each time this maximum grows, and for D - t_1 seconds in all.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Arrivals = Sequence[tuple[float, int]]
LIVE_START_S = 1.0  # after the request, the time of a live stream's first frame


@dataclass(frozen=True)
class Playback:
    """How a stream plays.

    Attributes:
        startup_delay_s: smallest time from the request to the start of a show without a stall.
        stalls: stalls of a show that starts with the first arrival.
        stalled_s: seconds they last in all.
    """

    startup_delay_s: float
    stalls: int
    stalled_s: float


def playback(arrivals: Arrivals, fps: float) -> Playback:
    """Play a stream.

    Args:
        arrivals: (seconds since the request, frames in this piece), at least one, in order of time.
        fps: frames shown a second, above 0.
    """
    delay_s, frames_before = arrivals[0][0], 0
    stalls = 0
    for arrived_s, count in arrivals:
        needed_s = arrived_s - frames_before / fps
        # A difference below a nanosecond is rounding, and no viewer's stall.
        if needed_s > delay_s + 1e-9:
            stalls += 1
            delay_s = needed_s
        frames_before += count
    return Playback(delay_s, stalls, delay_s - arrivals[0][0])


def shown_s(arrivals: Arrivals, fps: float) -> list[float]:
    """Seconds since the request at which a viewer who starts with the first arrival sees each piece begin.

    The show stands still where a piece is late, so later ones are late too. arrivals, fps: as for `playback`.
    """
    delay_s, frames_before, shown = arrivals[0][0], 0, []
    for arrived_s, count in arrivals:
        delay_s = max(delay_s, arrived_s - frames_before / fps)
        shown.append(delay_s + frames_before / fps)
        frames_before += count
    return shown


def gaps_s(arrivals: Arrivals) -> list[float]:
    """Seconds between neighbouring arrivals; empty for a clip that arrives in one piece."""
    return [after - before for (before, _), (after, _) in pairwise(arrivals)]


@dataclass(frozen=True)
class FrameDeadline:
    """One frame of a stream against a clock that never waits.

    Attributes:
        wanted_s, arrived_s: seconds since the request.
        buffer: frames beyond it that have arrived when it is wanted; negative if it is late, by so many as
            are missing then.
    """

    wanted_s: float
    arrived_s: float
    buffer: int


def frame_deadlines(arrivals: Arrivals, fps: float, start_s: float) -> list[FrameDeadline]:
    """Every frame against its time; see `deadlines` for the arguments."""
    arrived = [at_s for at_s, count in arrivals for _ in range(count)]
    found = []
    for place, at_s in enumerate(arrived):
        wanted_s = start_s + place / fps
        found.append(FrameDeadline(wanted_s, at_s, bisect_right(arrived, wanted_s + 1e-9) - place - 1))
    return found


@dataclass(frozen=True)
class Deadlines:
    """How a stream keeps the times at which its frames are wanted.

    Attributes:
        share: of the frames, that had arrived when they were wanted, in [0, 1].
        worst_lateness_s: how long the latest frame was wanted before it came; 0 if none was late.
    """

    share: float
    worst_lateness_s: float


def deadlines(arrivals: Arrivals, fps: float, start_s: float) -> Deadlines:
    """Hold a stream to its clock: frame k (from 0) is wanted at start_s + k / fps, and the clock never waits.

    Args:
        arrivals, fps: as for `playback`.
        start_s: seconds from the request to the first frame's time.
    """
    in_time = shown = 0
    worst_s = 0.0
    for arrived_s, count in arrivals:
        late_s = arrived_s - start_s - shown / fps  # of the piece's first frame, its latest one
        missed = min(count, max(0, math.ceil(late_s * fps - 1e-9)))
        in_time += count - missed
        worst_s = max(worst_s, late_s)
        shown += count
    return Deadlines(in_time / shown, worst_s if worst_s > 1e-9 else 0.0)


def slowest_rate(arrivals: Arrivals, window_s: float) -> float | None:
    """Frames a second in the window of this length in which fewest arrived; None for a shorter stream.

    Windows begin at an arrival and lie between the first and the last one; frames of the first piece, for
    which nothing says how long they took, are not counted in the window that it begins.
    """
    last_s = arrivals[-1][0]
    rates = []
    for place, (begin_s, _) in enumerate(arrivals):
        if begin_s + window_s > last_s + 1e-9:
            break
        inside = sum(count for at_s, count in arrivals[place + 1 :] if at_s <= begin_s + window_s + 1e-9)
        rates.append(inside / window_s)
    return min(rates, default=None)
