"""What a viewer sees of a stream: how long to wait so that it never stalls, and how it stalls otherwise.

A clip arrives in pieces: piece k with n_k frames at t_k, after N_k frames of earlier pieces. Frames are
shown at `fps`. If the show starts at D, piece k is wanted at D + N_k / fps, so the smallest start
without a stall is

    D = max over k of (t_k - N_k / fps).

A whole-clip generator has one piece, so D is the time of its only arrival. Starting at the first
arrival t_1 instead, the show stalls each time this maximum grows, and for D - t_1 seconds in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Arrivals = Sequence[tuple[float, int]]


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


def gaps_s(arrivals: Arrivals) -> list[float]:
    """Seconds between neighbouring arrivals; empty for a clip that arrives in one piece."""
    return [after - before for (before, _), (after, _) in pairwise(arrivals)]
