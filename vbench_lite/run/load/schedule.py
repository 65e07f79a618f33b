"""When requests are due: at random or at even distances, fixed by a seed, whatever the server does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np

from vbench_lite.errors import SpecError
from vbench_lite.measure.load import LoadStep

Arrival = Literal["poisson", "fixed"]
_MOST_STEPS = 16
_GROWTH = 2.0  # of a load from one step to the next


def due_times(rate: float, seconds: float, arrival: Arrival, seed: int) -> Iterator[float]:
    """Seconds from the begin of a step, rising and below `seconds`, at which requests are due.

    "poisson": independent exponential gaps of mean 1 / rate. "fixed": a request every 1 / rate, from 0 on.
    """
    rng = np.random.default_rng(seed)
    number = 0
    at_s = 0.0 if arrival == "fixed" else float(rng.exponential(1 / rate))
    while at_s < seconds:
        yield at_s
        number += 1
        at_s = number / rate if arrival == "fixed" else at_s + float(rng.exponential(1 / rate))


def steps(
    seconds: float, *, rate: tuple[float, float] | None, concurrency: tuple[int, int] | None
) -> list[LoadStep]:
    """Loads from the first to the last value, each twice the one before, sharing the seconds evenly.

    Args:
        rate, concurrency: of which one is given; equal values are one step.

    Raises:
        SpecError: they fall, or are so far apart that there would be more steps than allowed.
    """
    low, high = rate or concurrency or (0, 0)
    if not 0 < low <= high:
        raise SpecError(f"a load from {low:g} to {high:g} does not rise from above 0")
    doublings = math.ceil(math.log(high / low, _GROWTH) - 1e-9)
    if doublings >= _MOST_STEPS:
        raise SpecError(f"a load from {low:g} to {high:g} has {doublings + 1} steps; at most {_MOST_STEPS}")
    values = [min(low * _GROWTH**place, high) for place in range(doublings + 1)]
    each_s = seconds / len(values)
    if rate is not None:
        return [LoadStep(each_s, rate=value) for value in values]
    return [LoadStep(each_s, concurrency=round(value)) for value in values]
