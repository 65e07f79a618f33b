"""Metrics of timed calls that a run's suite does not have, from the calls that it stored.

What a call metric needs is in the record of the call: its arrivals, seconds and memory. So a limit on the
deadlines of a stream can be held against any run that timed its generators.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from vbench_lite import registry
from vbench_lite.grouping import grouped
from vbench_lite.metric import BASE_CASE, CallMetric, Measurement
from vbench_lite.results.arms import Run
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.results.stages import call_value
from vbench_lite.stats.medians import median_estimate
from vbench_lite.stats.rounds import by_round, medians
from vbench_lite.store.columns import texts
from vbench_lite.store.schema import Level
from vbench_lite.store.tables import measurement_of


def warm_calls(run: Run, suite: str) -> dict[str, list[Measurement]]:
    """The warm calls of the base request that a run stored for a suite, by generator.

    Raises:
        StoreError: a stored call is damaged.
    """
    table = run.table("measurement")
    calls = map(measurement_of, table.filter(texts(table, "suite").among(suite)).to_pylist())
    return grouped((one.generator, one) for one in calls if one.call == "warm" and one.case == BASE_CASE)


def estimate_from_calls(calls: Sequence[Measurement], metric: str) -> MetricEstimate | None:
    """A metric over the warm calls of one generator, each round counted once; None without a value."""
    if metric not in registry.names("metrics") or not _is_of_calls(metric):
        return None
    values: dict[str, float] = {}
    contended = set()
    for place, call in enumerate(calls):
        if (value := call_value(metric, call)) is None:
            continue
        name = f"{call.case}/{call.round}/{place}"
        values[name] = value
        if call.contended:
            contended.add(name)
    if not values:
        return None
    found = median_estimate(medians(by_round(values)))
    facts = metric_facts(metric, {})
    return MetricEstimate.of(metric, Level.CALL, facts, found, calls=values, contended=frozenset(contended))


@cache
def _is_of_calls(metric: str) -> bool:
    kind = registry.load("metrics", metric)
    return isinstance(kind, type) and issubclass(kind, CallMetric)
