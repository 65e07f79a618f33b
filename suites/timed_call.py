"""What metrics of one timed call share: their declaration, and numbers that nobody may have taken."""

from __future__ import annotations

from functools import partial

from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, MetricInfo

# What a metric of timed calls declares: a number from 0 without an upper end, by default a cost.
call_info = partial(MetricInfo, axis=Axis.SPEED, bounds=(0.0, None), higher_is_better=False)


def known(number: float | None, otherwise: str) -> float:
    """A number of the call.

    Raises:
        NotApplicable: it was not taken; `otherwise` says why.
    """
    if number is None:
        raise NotApplicable(otherwise)
    return float(number)
