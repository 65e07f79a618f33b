"""Memory of cached keys and values."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.metric import Axis, CallMetric, Measurement, MetricInfo
from vbench_lite.suites.timed_call import call_info, known


class KeyValueCache(CallMetric):
    """Largest size of the key-value cache during the call.

    Formula: largest sum over layers of the bytes of keys and values.
    Traps: as the adapter tells it; generators without a cache have no value, and not 0.
    """

    info: ClassVar[MetricInfo] = call_info(
        id="memory/kv_cache_bytes",
        unit="bytes",
        summary="Largest size of the cached keys and values, over all clips of the call.",
        source="bytes of the cached tensors, noted by the generator; vbench_lite.measure.work.cache_bytes",
        axis=Axis.MEMORY,
    )

    def value(self, call: Measurement) -> float:
        return known(call.kv_cache_bytes, "the generator has no key-value cache, or did not measure it")
