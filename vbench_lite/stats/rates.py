"""Rates of events, and quantiles of waiting times.

Completions of a busy server are not independent: one that is late delays the next. So the interval of a rate
is taken from the means of blocks of neighbouring events (batch means; Law, Simulation Modeling and Analysis,
2015, section 9.5.3), with Student's t over the blocks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Estimate
from vbench_lite.stats.delta import Delta

_BLOCKS = 10
_LEAST_IN_BLOCK = 2
_LEAST_BLOCKS = 3


def rate_estimate(times_s: Sequence[float], begin_s: float) -> Estimate:
    """Events a second from a begin to the last event, with the interval of blocks of events.

    Args:
        times_s: when events happened, none before `begin_s`.

    Raises:
        NotApplicable: there was no event, or none after the begin.
    """
    ordered = np.sort(np.asarray(times_s, np.float64))
    if len(ordered) == 0 or ordered[-1] <= begin_s:
        raise NotApplicable("nothing was finished")
    rate = len(ordered) / float(ordered[-1] - begin_s)
    blocks = min(_BLOCKS, len(ordered) // _LEAST_IN_BLOCK)
    if blocks < _LEAST_BLOCKS:
        note = f"no interval: only {len(ordered)} were finished"
        return Estimate(rate, None, None, len(ordered), note=note)
    ends = np.linspace(0, len(ordered), blocks + 1).round().astype(int)
    edges = np.concatenate([[begin_s], ordered[ends[1:] - 1]])
    gaps = np.diff(edges) / np.diff(ends)  # seconds an event, in each block
    low, high = Delta.of(gaps).interval()
    return Estimate(rate, 1 / high, 1 / low if low > 0 else None, len(ordered))


def quantile(values: Sequence[float], share: float, unfinished: int = 0) -> float | None:
    """The smallest value that at least this share of all does not exceed; None if it is not among them.

    Args:
        share: in (0, 1].
        unfinished: further ones whose values are not known and above every known one.
    """
    total = len(values) + unfinished
    if total == 0:
        return None
    place = max(math.ceil(share * total - 1e-9), 1)
    return sorted(values)[place - 1] if place <= len(values) else None
