"""What metrics of one timed call share: their declaration, and numbers that nobody may have taken."""

from __future__ import annotations

from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, MetricInfo


def call_info(
    id: str,
    unit: str,
    summary: str,
    source: str,
    *,
    axis: Axis = Axis.SPEED,
    higher_is_better: bool | None = False,
    may_be_zero: bool = False,
) -> MetricInfo:
    """What a metric of timed calls declares: a number from 0 without an upper end, by default a cost."""
    return MetricInfo(
        id=id,
        version=1,
        axis=axis,
        unit=unit,
        bounds=(0.0, None),
        higher_is_better=higher_is_better,
        summary=summary,
        source=source,
        may_be_zero=may_be_zero,
    )


def known(number: float | None, otherwise: str) -> float:
    """A number of the call.

    Raises:
        NotApplicable: it was not taken; `otherwise` says why.
    """
    if number is None:
        raise NotApplicable(otherwise)
    return float(number)
