"""What is known of a metric when its numbers are shown: unit, direction, bounds, meaning.

The registered metric says it. A stored run may hold a metric that no installed package registers
any more; then the score row's own facts are used, and what nobody says stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from vbench_lite import registry
from vbench_lite.errors import RegistryError
from vbench_lite.metric import SetRule, SummaryMetric

_UNIT_BY_SUFFIX = {"_s": "s", "_bytes": "bytes", "_per_s": "1/s"}


@dataclass(frozen=True)
class MetricFacts:
    """What a reader must know to read a number.

    higher_is_better: None for a description, or unknown. known: whether the metric is registered.
    """

    id: str
    unit: str
    higher_is_better: bool | None
    bounds: tuple[float | None, float | None]
    axis: str | None
    summary: str
    known: bool
    over_set: SetRule | None = None
    may_be_zero: bool = False

    @property
    def sign(self) -> int:
        """+1 if higher is better, -1 if lower is, 0 if neither or unknown."""
        return 0 if self.higher_is_better is None else (1 if self.higher_is_better else -1)


def metric_facts(metric: str, extras: Mapping[str, Any]) -> MetricFacts:
    """Facts of a metric by its id; `extras` are a score row's: unit, higher_is_better, bounds [low, high]."""
    registered = _registered(metric)
    if registered is not None:
        return registered
    suffix = next((s for s in ("_per_s", "_bytes", "_s") if metric.endswith(s)), "")
    direction = extras.get("higher_is_better")
    low, high = extras.get("bounds", (None, None))
    return MetricFacts(
        metric,
        str(extras.get("unit", _UNIT_BY_SUFFIX.get(suffix, ""))),
        direction if isinstance(direction, bool) else None,
        (low, high),
        None,
        "not registered by any installed package",
        False,
    )


def _kind(metric: str) -> Any:
    """The class of a registered metric; None without one, or where its package cannot be imported here."""
    try:
        return registry.load("metrics", metric) if metric in registry.names("metrics") else None
    except RegistryError:
        return None


@cache
def _registered(metric: str) -> MetricFacts | None:
    kind = _kind(metric)
    if kind is None:
        return None  # stored facts still serve
    info = kind.info
    return MetricFacts(
        info.id,
        info.unit,
        info.higher_is_better,
        info.bounds,
        str(info.axis),
        info.summary,
        True,
        info.over_set,
        info.may_be_zero,
    )


@cache
def summary_metric(metric: str) -> SummaryMetric | None:
    """The registered metric of this id, if it is made of the values of others."""
    kind = _kind(metric)
    return kind() if isinstance(kind, type) and issubclass(kind, SummaryMetric) else None
