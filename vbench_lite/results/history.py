"""One metric over runs: what it was, and where the measurement itself changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vbench_lite.errors import StoreError
from vbench_lite.grouping import grouped
from vbench_lite.results.arms import Run, read_arms
from vbench_lite.store.schema import Level

LEAST_COMMON = 0.9  # share of the requests of two runs that both have, as a comparison asks for


@dataclass(frozen=True)
class Point:
    """The value of a metric for one generator in one run.

    called: the name of the run, where it has one.
    break_: why it may not be compared with the point before it: the field that differs; else None.
    """

    run: str
    called: str | None
    created: str
    generator: str
    value: float
    ci: tuple[float, float] | None
    n: int
    unit: str
    higher_is_better: bool | None
    break_: str | None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; `break_` is the key "break"."""
        facts = asdict(self)
        return {name.rstrip("_"): list(v) if isinstance(v, tuple) else v for name, v in facts.items()}


@dataclass(frozen=True)
class _Conditions:
    """Under which a value was measured; requests: (prompt, seed) of clips, none of timed calls."""

    measurement: frozenset[str]
    hardware: Any
    requests: frozenset[tuple[str, int]]


def history(
    runs: Sequence[Run],
    metric: str,
    *,
    suite: str | None = None,
    generator: str | None = None,
    picked: Collection[tuple[str, str]] = (),
) -> dict[str, list[Point]]:
    """Return the points of every generator (or one), oldest first; under several suites, of each suite.

    Controls are left out. Runs without the suite, or without a value, have no point.

    Args:
        picked: (run id, generator) to keep; empty for all.

    Raises:
        StoreError: no run has a value of the metric.
    """
    found: dict[tuple[str, str], list[Point]] = {}
    before: dict[tuple[str, str], _Conditions] = {}
    for run in sorted(runs, key=lambda run: run.document().created):
        document = run.document()
        for name in [str(s["name"]) for s in document.suites if suite in (None, s["name"])]:
            for arm in read_arms(run, name):
                measured = arm.estimates.get(metric)
                if arm.control or generator not in (None, arm.generator):
                    continue
                if picked and (run.run_id, arm.generator) not in picked:
                    continue
                if measured is None or measured.value is None:
                    continue
                timed = measured.level is Level.CALL
                conditions = _Conditions(
                    frozenset(measured.fingerprints),
                    document.hardware if timed else None,
                    frozenset() if timed else frozenset(arm.requests.values()),
                )
                key = (arm.generator, name)
                point = Point(
                    run=run.run_id,
                    called=document.name or None,
                    created=document.created,
                    generator=arm.generator,
                    value=measured.value,
                    ci=None
                    if measured.low is None or measured.high is None
                    else (measured.low, measured.high),
                    n=measured.n,
                    unit=measured.facts.unit,
                    higher_is_better=measured.facts.higher_is_better,
                    break_=_break(before.get(key), conditions),
                )
                found.setdefault(key, []).append(point)
                before[key] = conditions
    if not found:
        who = f" of {generator}" if generator else ""
        raise StoreError(f"no run has a value of {metric}{who}; see: vbench-lite list metrics")
    suites = grouped(found)
    return {
        who if len(suites[who]) == 1 else f"{who} ({name})": points for (who, name), points in found.items()
    }


def _break(last: _Conditions | None, now: _Conditions) -> str | None:
    if last is None:
        return None
    if last.measurement != now.measurement:
        return "measurement"
    if len(last.requests & now.requests) < LEAST_COMMON * len(last.requests | now.requests):
        return "requests"
    return "hardware" if last.hardware != now.hardware else None
