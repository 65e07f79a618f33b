"""The saturation point: the requests a second that a server finishes when it has more than it can do.

Closed loop: reached where twice the requests under way bring less than a quarter more; the highest rate from
there on counts. Open loop: a step is beyond saturation when requests pile up in its second half, by more than
the chance of their arrivals explains; what the server finished in that step is what it can do. The first half
is left out of this judgement, since a server that works on many at a time piles them up until the first end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vbench_lite.metric import Estimate
from vbench_lite.results.load import StepSummary

_LITTLE = 0.25  # of more throughput, for twice the requests under way
_PILES_UP = 0.15  # of the requests that are due, beyond one standard deviation of their number


@dataclass(frozen=True)
class Saturation:
    """Where a server is saturated.

    Attributes:
        rate: requests a second, with its interval; None if that is not known.
        reached: whether the load went so far.
        words: what was seen, in one line.
    """

    rate: Estimate | None
    reached: bool
    words: str


def saturation(steps: Sequence[StepSummary]) -> Saturation:
    """From the steps of one load, in rising order."""
    known = [step for step in steps if step.finished is not None]
    if not known:
        return Saturation(None, False, "not known: no request ended well while the load was held")
    if known[-1].rate is None:
        return _closed(known)
    for step in known:
        if piles_up(step):
            return Saturation(step.finished, True, f"reached: at {step.rate:g} a second, requests pile up")
    last = known[-1]
    if last.failed:  # a server that refuses what is too much has no backlog
        seen = f"nothing piled up at {last.rate:g} a second, but {last.failed} of {last.sent} requests failed"
        return Saturation(None, False, f"not known: {seen}")
    return Saturation(None, False, f"not reached: the server kept up with {last.rate:g} a second")


def piles_up(step: StepSummary) -> bool:
    """Whether a server has more than it can do in a step of an open loop."""
    _, middle, end = step.backlog
    return end - middle > _PILES_UP * step.due_late + math.sqrt(step.due_late)


def levels_off(steps: Sequence[StepSummary]) -> bool:
    """Whether the last two steps of a closed loop, each with twice the requests, brought little more."""
    rates = [step.finished.value for step in steps if step.finished is not None]
    return len(rates) >= 3 and max(rates[-2:]) < rates[-3] * (1 + _LITTLE)


def _closed(steps: Sequence[StepSummary]) -> Saturation:
    found = [step.finished for step in steps if step.finished is not None]
    if len(found) == 1:
        return Saturation(None, False, "not known from one load: give a range, such as --concurrency 1:16")
    values = [estimate.value for estimate in found]
    last = steps[-1].concurrency or 1

    def little(place: int) -> float:
        """How much more is little; of less than twice the requests, as at the end of a range, less."""
        return _LITTLE * min(1.0, math.log2(last / (steps[place].concurrency or 1)))

    level = next(
        (k for k in range(len(values) - 1) if max(values[k + 1 :]) < values[k] * (1 + little(k))), None
    )
    if level is None:
        return Saturation(None, False, f"not reached: {last} under way still brought more than fewer did")
    best = max(found[level:], key=lambda estimate: estimate.value)
    count = steps[level].concurrency
    return Saturation(best, True, f"reached: more than {count} under way brought little more")
