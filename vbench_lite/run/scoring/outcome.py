"""How a metric ends on a clip or a set: a value, not applicable, or an error, each with its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from vbench_lite.errors import NotApplicable, VBenchLiteError, WeightsError
from vbench_lite.metric import MetricInfo, Scored
from vbench_lite.secrets import redact
from vbench_lite.store.schema import ScoreStatus

_SLACK = 1e-6  # a cosine of float32 vectors may leave [-1, 1] by this much


@dataclass(frozen=True)
class Outcome:
    """One result. `value` is finite exactly when status is "ok", else `reason` says why there is none.

    retry: it may end otherwise under the same fingerprint (an error, or weights that were missing).
    series: (seconds, value) pairs behind the value, where the metric gives them.
    weight, note: of the clip in its set, and what to know of the value; as in `metric.Scored`.
    """

    status: ScoreStatus
    value: float | None = None
    reason: str | None = None
    retry: bool = False
    series: tuple[tuple[float, float], ...] = ()
    weight: float = 1.0
    note: str | None = None

    @classmethod
    def not_applicable(cls, reason: str, retry: bool = False) -> Outcome:
        return cls(ScoreStatus.NOT_APPLICABLE, reason=reason, retry=retry)

    @classmethod
    def error(cls, reason: str) -> Outcome:
        return cls(ScoreStatus.ERROR, reason=reason, retry=True)


def failure(error: Exception, where: str = "") -> Outcome:
    """What an exception of a plug-in means for the result; one line."""
    if isinstance(error, NotApplicable | WeightsError):
        return Outcome.not_applicable(" ".join(str(error).split()), retry=isinstance(error, WeightsError))
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else "no message"
    if not isinstance(error, VBenchLiteError):
        text = f"{type(error).__name__}: {text}"
    return Outcome.error(redact(f"{where}: {text}" if where else text))


def checked_value(value: Any, info: MetricInfo) -> Outcome:
    """A metric's value, unless it is no finite number within the declared bounds."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return Outcome.error(f"no number: {type(value).__name__}")
    if not math.isfinite(number):
        return Outcome.error("non-finite value")
    low, high = info.bounds
    if (low is not None and number < low - _SLACK) or (high is not None and number > high + _SLACK):
        return Outcome.error(f"outside declared bounds: {number:g} is not in {_interval(low, high)}")
    series = value.series if isinstance(value, Scored) else ()
    if not all(math.isfinite(part) for point in series for part in point):
        return Outcome.error("non-finite value in the series")
    weight = float(value.weight) if isinstance(value, Scored) else 1.0
    if not (math.isfinite(weight) and weight > 0):
        return Outcome.error(f"the weight of a clip must be above 0, got {weight:g}")
    points = tuple((float(t), float(v)) for t, v in series)
    note = value.note if isinstance(value, Scored) else None
    return Outcome(ScoreStatus.OK, number, series=points, weight=weight, note=note)


def _interval(low: float | None, high: float | None) -> str:
    return f"[{'-inf' if low is None else f'{low:g}'}, {'inf' if high is None else f'{high:g}'}]"
