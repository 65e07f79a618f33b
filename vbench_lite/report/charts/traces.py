"""When frames arrive and what a viewer would see: arrival steps, waiting, playing and stalls.

Read from the warm calls of the performance pass; the call nearest to its latency stands for a generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import pandas as pd

from vbench_lite.format import number
from vbench_lite.grouping import grouped
from vbench_lite.measure.playback import frame_deadlines
from vbench_lite.measure.playback import playback as play
from vbench_lite.metric import Measurement
from vbench_lite.stats.rounds import medians


def cases(calls: Sequence[Measurement]) -> list[str]:
    """Requests that have a warm call with arrivals, in the order of first appearance."""
    return list(dict.fromkeys(c.case for c in calls if c.call == "warm" and c.arrivals))


def typical_calls(calls: Sequence[Measurement], case: str) -> list[Measurement]:
    """The warm call of each generator that is nearest to its latency, in the order of first appearance.

    The latency is that of `speed/latency_s`: the median over rounds of the median of each.
    """
    shown = [call for call in calls if call.call == "warm" and call.case == case and call.arrivals]
    by_generator = grouped((call.generator, call) for call in shown)
    return [_typical(group) for group in by_generator.values()]


def _typical(calls: Sequence[Measurement]) -> Measurement:
    latency = median(medians(grouped((call.round, call.total_s) for call in calls)))
    return min(calls, key=lambda call: abs(call.total_s - latency))


def arrival_steps(calls: Sequence[Measurement]) -> pd.DataFrame:
    """Frames handed over so far against time: generator, time, frames; each begins at (0, 0)."""
    rows: list[tuple[str, float, int]] = []
    for call in calls:
        rows.append((call.generator, 0.0, 0))
        frames = 0
        for seconds, count in call.arrivals:
            frames += count
            rows.append((call.generator, seconds, frames))
    return pd.DataFrame(rows, columns=["generator", "time", "frames"])


def playback(calls: Sequence[Measurement]) -> pd.DataFrame:
    """What a viewer sees who starts with the first frame and plays at the clip's rate.

    Columns: generator, state ("waiting" before the first frame, "playing", "stalled" while the next
    frame is not there), start, end in seconds since the request.
    """
    rows = [(call.generator, *segment) for call in calls for segment in _segments(call)]
    return pd.DataFrame(rows, columns=["generator", "state", "start", "end"])


def chunks(calls: Sequence[Measurement]) -> pd.DataFrame:
    """When each piece of a clip was handed over: generator, time, frames."""
    rows = [(call.generator, seconds, count) for call in calls for seconds, count in call.arrivals]
    return pd.DataFrame(rows, columns=["generator", "time", "frames"])


def deadlines(calls: Sequence[Measurement], start_s: float) -> pd.DataFrame:
    """Every frame against a clock that never waits: frame k is wanted `start_s` + k / fps after the request.

    Columns: generator, frame, state ("on time", "late"), wanted, arrived (s), buffer (frames beyond it that
    have arrived when it is wanted; negative: so many are missing).
    """
    rows = [
        (call.generator, number, "on time" if f.buffer >= 0 else "late", f.wanted_s, f.arrived_s, f.buffer)
        for call in calls
        for number, f in enumerate(frame_deadlines(call.arrivals, call.fps, start_s))
    ]
    return pd.DataFrame(rows, columns=["generator", "frame", "state", "wanted", "arrived", "buffer"])


def playback_summary(calls: Sequence[Measurement]) -> pd.DataFrame:
    """First frame, stalls, and the start-up delay that a show without stalls needs, as text."""
    rows = []
    for call in calls:
        seen = play(call.arrivals, call.fps)
        rows.append(
            {
                "generator": call.generator,
                "first frame": number(call.arrivals[0][0], "s"),
                "last frame": number(call.arrivals[-1][0], "s"),
                "stalls": seen.stalls,
                "stalled": number(seen.stalled_s, "s"),
                "delay for no stall": number(seen.startup_delay_s, "s"),
            }
        )
    return pd.DataFrame(rows)


def _segments(call: Measurement) -> list[tuple[str, float, float]]:
    first = call.arrivals[0][0]
    segments = [("waiting", 0.0, first)]
    now = first
    for seconds, count in call.arrivals:
        if seconds > now:
            segments.append(("stalled", now, seconds))
            now = seconds
        end = now + count / call.fps
        if segments[-1][0] == "playing":
            segments[-1] = ("playing", segments[-1][1], end)
        else:
            segments.append(("playing", now, end))
        now = end
    return segments
