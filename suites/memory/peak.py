"""The largest memory in use during a call."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.metric import Axis, CallMetric, Measurement, MetricInfo
from vbench_lite.suites.timed_call import call_info, known

_UNKNOWN = "the peak of memory cannot be known: not on this platform, or not of a generator elsewhere"
_NO_BASELINE = "the size before loading is not known, so it cannot be taken off the peak"


class PeakMemory(CallMetric):
    """Peak during the call, less what the imports alone take.

    Torch and its kind take hundreds of megabytes before any generator exists. That is equal for all, so it
    is taken off: the resident size of the fresh process after the imports, before `Generator.load`.
    What stays is weights, activations, caches and libraries that loading pulls in. It is 0 for a call that
    needs no more than the imports left.

    Formula: peak of the call - resident bytes after the imports.
    Traps: on a device: what torch allocated, not what it reserved. Never compare across hardware.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="memory/peak_bytes",
        unit="bytes",
        summary="Largest memory in use during a call (resident on the CPU, allocated on CUDA), less the "
        "process's size after imports and before loading.",
        source="VmHWM reset for each call (proc(5)), or torch.cuda.max_memory_allocated",
        axis=Axis.MEMORY,
    )

    def value(self, call: Measurement) -> float:
        peak, before = known(call.peak_bytes, _UNKNOWN), known(call.baseline_bytes, _NO_BASELINE)
        return max(peak - before, 0.0)


class PeakMemoryWithImports(CallMetric):
    """Peak of the whole process during the call.

    Formula: peak of the call.
    Traps: imports of hundreds of megabytes hide small differences. Of a `command` that starts other programs
        it is the sum of their proportional sizes (PSS), looked at while they run: pages that they share count
        once, and a peak shorter than a look can be missed.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="memory/peak_with_imports_bytes",
        unit="bytes",
        summary="Largest memory of the whole process during a call: what a machine must have.",
        source="VmHWM reset for each call (proc(5)), or torch.cuda.max_memory_allocated",
        axis=Axis.MEMORY,
    )

    def value(self, call: Measurement) -> float:
        return known(call.peak_bytes, _UNKNOWN)
