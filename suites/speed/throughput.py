"""How fast frames come, counted on the frames that are returned.

A generator that makes more frames than were asked for is charged the time of all and credited
the returned ones.
"""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.metric import CallMetric, Measurement, MetricInfo
from vbench_lite.suites.timed_call import call_info


class FramesPerSecond(CallMetric):
    """Returned frames of all clips of a call, divided by its seconds.

    Formula: frames returned / seconds of the call.
    Traps: frames that a generator must make beyond the request cost time and do not count.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/frames_per_s",
        unit="frames/s",
        summary="Frames returned for each second of work, over all clips of the call; encoding, sampling and "
        "decoding all count.",
        source="frames returned / seconds from request to last frame",
        higher_is_better=True,
    )

    def value(self, call: Measurement) -> float:
        return call.frames_returned / call.total_s


class RealTimeFactor(CallMetric):
    """Seconds of video made in a second of work; above 1 is faster than it plays.

    Formula: (frames returned / fps) / seconds of the call.
    Traps: at a higher frame rate the same frames are a shorter video.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/real_time_factor",
        unit="x",
        summary="Seconds of video made in one second of work; above 1 the clip is made faster than it plays.",
        source="(frames returned / fps) / seconds from request to last frame",
        higher_is_better=True,
    )

    def value(self, call: Measurement) -> float:
        return call.frames_returned / call.fps / call.total_s
