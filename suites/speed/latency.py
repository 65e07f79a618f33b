"""How long a caller waits: for the whole clip, for its first frame, and for the generator to load."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.metric import CallMetric, Measurement, MetricInfo
from vbench_lite.suites.timed_call import call_info, known

_NO_LOAD = "nothing is loaded apart from a call: each call loads, or a server has loaded"


class Latency(CallMetric):
    """Seconds from the request to the last frame.

    Formula: t(last frame handed over) - t(request), for each warm call; median over calls.
    Traps: the first call after a load is slower and shown apart. A contended machine is marked, and
        refused by the gate.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/latency_s",
        unit="s",
        summary="Seconds from a request to its last frame, once the generator is warm.",
        source="wall clock after waiting for the device; vbench_lite.measure.context",
    )

    def value(self, call: Measurement) -> float:
        return call.total_s


class TimeToFirstFrame(CallMetric):
    """Seconds from the request to the first frame that leaves the generator.

    Formula: t(first frame handed over) - t(request).
    Traps: a generator that cannot stream hands over its first frame with its last.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/time_to_first_frame_s",
        unit="s",
        summary="Seconds from a request to its first frame; equal to the latency for a generator that "
        "hands over whole clips.",
        source="wall clock after waiting for the device; vbench_lite.measure.context",
    )

    def value(self, call: Measurement) -> float:
        return call.arrivals[0][0]


class LoadTime(CallMetric):
    """Seconds to load the generator in a fresh process.

    Formula: t(load returns) - t(load called), in a process that has imported nothing of the generator.
    Traps: the second load of a machine comes from the cache of its disk.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="speed/load_s",
        unit="s",
        summary="Seconds a fresh process takes to load the weights; files may be in the system's cache.",
        source="wall clock around Generator.load; vbench_lite.run.timing.timed_worker",
    )

    def value(self, call: Measurement) -> float:
        return known(call.load_s, _NO_LOAD)
