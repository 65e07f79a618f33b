"""What a viewer of the stream meets: the start, the stalls, and the wait between pieces.

A generator that hands over whole clips is on the same axis: all its frames arrive with the last.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vbench_lite.errors import NotApplicable
from vbench_lite.measure.playback import LIVE_START_S, deadlines, gaps_s, playback, slowest_rate
from vbench_lite.metric import CallMetric, Measurement, MetricInfo
from vbench_lite.suites.timed_call import call_info

WINDOW_S = 10.0


class StartupDelay(CallMetric):
    """Smallest wait before the show that never stalls.

    Formula: max over pieces of (arrival - frames before it / fps), at least the first arrival.
    Traps: for a generator that is slower than the clip plays it grows with the length of the clip.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/startup_delay_s",
        unit="s",
        summary="The shortest wait from the request after which the clip plays at its rate without a stall.",
        source="max over pieces of (arrival - frames before it / fps); vbench_lite.measure.playback",
    )

    def value(self, call: Measurement) -> float:
        return playback(call.arrivals, call.fps).startup_delay_s


class StalledTime(CallMetric):
    """Seconds of stalls of a show that starts with the first frame.

    Formula: start-up delay without a stall - first arrival.
    Traps: 0 for a generator that hands over all frames at once, however late.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/stalled_s",
        unit="s",
        summary="Seconds the clip stands still if it is shown from its first frame's arrival.",
        source="start-up delay without a stall, less the first arrival; vbench_lite.measure.playback",
        may_be_zero=True,
    )

    def value(self, call: Measurement) -> float:
        return playback(call.arrivals, call.fps).stalled_s


class Stalls(CallMetric):
    """Stalls of a show that starts with the first frame.

    Formula: number of pieces that arrive after the frames before them have been shown.
    Traps: many short stalls and one long one are told apart only beside the stalled time.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/stalls",
        unit="stalls/clip",
        summary="How often the clip stands still if it is shown from its first frame's arrival.",
        source="pieces that arrive after they are wanted; vbench_lite.measure.playback",
        may_be_zero=True,
    )

    def value(self, call: Measurement) -> float:
        return float(playback(call.arrivals, call.fps).stalls)


class DeadlineShare(CallMetric):
    """Share of frames that are there when a live clock wants them.

    Formula: frame k is wanted 1 s + k / fps after the request; frames that arrived by then / frames.
    Traps: the clock does not wait: a generator that loses a second at the start stays late unless
        it is faster than the clip plays. A generator of whole clips has only what its last frame leaves.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/deadline_share",
        summary="Share of frames that arrived by the time at which a stream that starts after 1 s shows "
        "them.",
        source="definition; vbench_lite.measure.playback.deadlines",
        bounds=(0.0, 1.0),
        higher_is_better=True,
        may_be_zero=True,
    )

    def value(self, call: Measurement) -> float:
        return deadlines(call.arrivals, call.fps, LIVE_START_S).share


class WorstLateness(CallMetric):
    """How late the latest frame of a live clock was.

    Formula: max over frames of (arrival - 1 s - k / fps), at least 0.
    Traps: one late frame decides; read it beside the share.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/worst_lateness_s",
        unit="s",
        summary="Seconds by which the latest frame missed its time in a stream that starts after 1 s.",
        source="definition; vbench_lite.measure.playback.deadlines",
        may_be_zero=True,
    )

    def value(self, call: Measurement) -> float:
        return deadlines(call.arrivals, call.fps, LIVE_START_S).worst_lateness_s


class LeastBuffer(StalledTime):
    """Seconds of waiting after the first frame that a show without a stall needs.

    Formula: start-up delay without a stall - first arrival, which is also how long a show
        that starts with the first frame stalls in all.
    Traps: 0 for a generator that hands over all frames at once, however late.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/least_buffer_s",
        unit="s",
        summary="The shortest wait between the first frame's arrival and a show of it that never stalls.",
        source="start-up delay without a stall, less the first arrival; vbench_lite.measure.playback",
        may_be_zero=True,
    )


class SlowestWindow(CallMetric):
    """Frames a second in the worst ten seconds of a stream.

    Formula: min over windows of 10 s that begin at an arrival of frames arrived in it / 10 s.
    Traps: unknown for a stream that is over in less than 10 s, and for a clip in one piece.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/worst_window_frames_per_s",
        unit="frames/s",
        summary="Frames a second in the ten seconds in which fewest arrived.",
        source="definition; vbench_lite.measure.playback.slowest_rate",
        higher_is_better=True,
    )

    def value(self, call: Measurement) -> float:
        rate = slowest_rate(call.arrivals, WINDOW_S)
        if rate is None:
            raise NotApplicable(f"the stream is over in less than {WINDOW_S:g} s")
        return rate


class _ChunkGap(CallMetric):
    """A quantile of the seconds between the pieces of one clip.

    Formula: quantile of arrival(i+1) - arrival(i) over the pieces of a clip.
    Traps: pieces differ in frames between generators: a wait of a second for 4 frames is not one for
        16.
    """

    quantile: ClassVar[float]

    def value(self, call: Measurement) -> float:
        gaps = gaps_s(call.arrivals)
        if not gaps:
            raise NotApplicable("the clip arrived in one piece: the generator does not stream")
        return float(np.quantile(gaps, self.quantile))


class ChunkMedian(_ChunkGap):
    """Median wait between pieces."""

    quantile = 0.5
    info: ClassVar[MetricInfo] = call_info(
        id="speed/chunk_p50_s",
        unit="s",
        summary="Median seconds between two pieces of a clip that streams.",
        source="quantile 0.5 (linear) of the gaps between arrivals",
        may_be_zero=True,
    )


class ChunkTail(_ChunkGap):
    """Longest wait between pieces, but for the slowest twentieth."""

    quantile = 0.95
    info: ClassVar[MetricInfo] = call_info(
        id="speed/chunk_p95_s",
        unit="s",
        summary="Seconds between two pieces that 95% of a clip's gaps stay below.",
        source="quantile 0.95 (linear) of the gaps between arrivals",
        may_be_zero=True,
    )
