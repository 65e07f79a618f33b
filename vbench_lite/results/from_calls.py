"""Metrics of timed calls that a run's suite does not have, from the calls that it stored.

What a call metric needs is in the record of the call: its arrivals, seconds and memory. So a limit on the
deadlines of a stream can be held against any run that timed its generators.
"""

from __future__ import annotations

from vbench_lite import registry
from vbench_lite.metric import BASE_CASE, CallMetric
from vbench_lite.results.arms import Run
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.results.stages import call_value
from vbench_lite.stats.medians import median_estimate
from vbench_lite.stats.rounds import by_round, medians
from vbench_lite.store.columns import texts
from vbench_lite.store.schema import Level
from vbench_lite.store.tables import measurement_of


def estimate_from_calls(run: Run, suite: str, generator: str, metric: str) -> MetricEstimate | None:
    """A metric over the warm calls of the base request, each round counted once; None without a value.

    Raises:
        StoreError: a stored call is damaged.
    """
    if metric not in registry.names("metrics") or not _is_of_calls(metric):
        return None
    table = run.table("measurement")
    mine = table.filter(texts(table, "generator").among(generator) & texts(table, "suite").among(suite))
    values: dict[str, float] = {}
    contended = set()
    for place, row in enumerate(mine.to_pylist()):
        call = measurement_of(row)
        if call.call != "warm" or call.case != BASE_CASE or (value := call_value(metric, call)) is None:
            continue
        name = f"{call.case}/{call.round}/{place}"
        values[name] = value
        if call.contended:
            contended.add(name)
    if not values:
        return None
    found = median_estimate(medians(by_round(values)))
    return MetricEstimate(
        metric,
        Level.CALL,
        metric_facts(metric, {}),
        found.value,
        found.low,
        found.high,
        found.n,
        calls=values,
        contended=frozenset(contended),
    )


def _is_of_calls(metric: str) -> bool:
    kind = registry.load("metrics", metric)
    return isinstance(kind, type) and issubclass(kind, CallMetric)
