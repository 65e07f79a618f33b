"""Memory of cached keys and values."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, CallMetric, Measurement, MetricInfo


class KeyValueCache(CallMetric):
    """Largest size of the key-value cache during the call.

    Formula: largest sum over layers of the bytes of keys and values.
    Traps: as the adapter tells it; generators without a cache have no value, and not 0.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="memory/kv_cache_bytes",
        version=1,
        axis=Axis.MEMORY,
        unit="bytes",
        bounds=(0.0, None),
        higher_is_better=False,
        summary="Largest size of the cached keys and values, over all clips of the call.",
        source="bytes of the cached tensors, noted by the generator; vbench_lite.measure.work.cache_bytes",
    )

    def value(self, call: Measurement) -> float:
        if call.kv_cache_bytes is None:
            raise NotApplicable("the generator has no key-value cache, or did not measure it")
        return call.kv_cache_bytes
