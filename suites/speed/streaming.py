"""What a viewer of the stream meets: the start, the stalls, and the wait between pieces.

A generator that hands over whole clips is on the same axis: all its frames arrive with the last.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vbench_lite.errors import NotApplicable
from vbench_lite.measure.playback import gaps_s, playback
from vbench_lite.metric import CallMetric, Measurement, MetricInfo
from vbench_lite.suites.timed_call import call_info


class StartupDelay(CallMetric):
    """Smallest wait before the show that never stalls.

    Formula: max over pieces of (arrival - frames before it / fps), at least the first arrival.
    Traps: for a generator that is slower than the clip plays it grows with the length of the clip.
    """

    info: ClassVar[MetricInfo] = call_info(
        "speed/startup_delay_s",
        "s",
        "The shortest wait from the request after which the clip plays at its rate without a stall.",
        "max over pieces of (arrival - frames before it / fps); vbench_lite.measure.playback",
    )

    def value(self, call: Measurement) -> float:
        return playback(call.arrivals, call.fps).startup_delay_s


class StalledTime(CallMetric):
    """Seconds of stalls of a show that starts with the first frame.

    Formula: start-up delay without a stall - first arrival.
    Traps: 0 for a generator that hands over all frames at once, however late.
    """

    info: ClassVar[MetricInfo] = call_info(
        "speed/stalled_s",
        "s",
        "Seconds the clip stands still if it is shown from its first frame's arrival.",
        "start-up delay without a stall, less the first arrival; vbench_lite.measure.playback",
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
        "speed/stalls",
        "stalls/clip",
        "How often the clip stands still if it is shown from its first frame's arrival.",
        "pieces that arrive after they are wanted; vbench_lite.measure.playback",
        may_be_zero=True,
    )

    def value(self, call: Measurement) -> float:
        return float(playback(call.arrivals, call.fps).stalls)


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
        "speed/chunk_p50_s",
        "s",
        "Median seconds between two pieces of a clip that streams.",
        "quantile 0.5 (linear) of the gaps between arrivals",
        may_be_zero=True,
    )


class ChunkTail(_ChunkGap):
    """Longest wait between pieces, but for the slowest twentieth."""

    quantile = 0.95
    info: ClassVar[MetricInfo] = call_info(
        "speed/chunk_p95_s",
        "s",
        "Seconds between two pieces that 95% of a clip's gaps stay below.",
        "quantile 0.95 (linear) of the gaps between arrivals",
        may_be_zero=True,
    )
