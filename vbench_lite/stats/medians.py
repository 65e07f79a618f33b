"""Medians of few, skewed numbers (call times, memory peaks), and ratios of medians.

The interval is the exact distribution-free one from order statistics: the k-th smallest and k-th
largest with k as large as the binomial distribution allows (David & Nagaraja, Order Statistics,
2003, section 7.1). With fewer than 6 values no pair of them holds 95%; then the interval is the
range of the values joined with Student's t interval of their logarithms (plain values where one is
not positive).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Estimate
from vbench_lite.stats.delta import Delta


def median_estimate(values: Sequence[float]) -> Estimate:
    """Median with its interval; low < high whenever the values differ, None where they do not.

    Raises:
        NotApplicable: there are no values.
    """
    if len(values) == 0:
        raise NotApplicable("no call has a value")
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    value = float(np.median(ordered))
    if ordered[0] == ordered[-1]:
        return Estimate(value, None, None, len(ordered))
    low, high = _order_interval(ordered)
    if low == high:
        low, high = float(ordered[0]), float(ordered[-1])
    return Estimate(value, low, high, len(ordered))


def _order_interval(ordered: Floats) -> tuple[float, float]:
    if 2 * 0.5 ** len(ordered) <= 0.05:  # else not even the least and the greatest hold it
        from scipy import stats  # half a second to import, which boards of few rounds do not need

        found = stats.quantile_test(ordered, q=ordered[0], p=0.5).confidence_interval()
        return float(found.low), float(found.high)
    if ordered[0] > 0:
        low, high = (math.exp(end) for end in Delta.of(np.log(ordered)).interval())
    else:
        low, high = Delta.of(ordered).interval()
    return min(low, float(ordered[0])), max(high, float(ordered[-1]))
