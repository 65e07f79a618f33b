"""How time and memory grow with the request, laid out for a chart and a table.

Fits, checks and crossings come from `report.scaling`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vbench_lite.format import NONE, interval, number, percent
from vbench_lite.report.charts import curves
from vbench_lite.report.charts.charts import Drawing
from vbench_lite.results.scaling import Curve, ScalingReport, run_scaling
from vbench_lite.stats.scaling import Interval
from vbench_lite.store.rundir import RunDir

UNITS = {"frames": "frames", "side": "pixels a side", "steps": "steps", "batch": "clips in a call"}
_LINE_POINTS = 25


@dataclass(frozen=True)
class Measure:
    """What grows.

    Attributes:
        column: the values of a point that are meant: "seconds" or "peak_bytes".
        title: of the axis, with the unit.
        reading: how the lines of its chart are to be read.
    """

    column: str
    title: str
    reading: str


POINTS = "Points are medians over processes, bars their extremes."
MEASURES = {
    "time": Measure("seconds", "seconds for a call", "Lines are fitted power laws."),
    "memory": Measure("peak_bytes", "peak bytes, imports included", "Lines join the medians."),
}


def read(run: RunDir, suite: str | None) -> ScalingReport | None:
    """The scaling report of a run under a suite; None where the suite has no sweep."""
    reports = run_scaling(run, suite)
    return reports[0] if reports else None


def sweeps(report: ScalingReport) -> list[str]:
    """What was varied, in the order of the report."""
    return list(dict.fromkeys(curve.sweep for curve in report.curves))


def points(report: ScalingReport, sweep: str, measure: str) -> pd.DataFrame:
    """What was measured: generator, size, value (the median process), low and high (the extremes).

    Args:
        measure: "seconds" or "peak_bytes".
    """
    rows = []
    for curve in _of(report, sweep):
        for point in curve.points:
            values = point.seconds if measure == "seconds" else point.peak_bytes
            if values:
                rows.append((curve.generator, point.size, float(np.median(values)), min(values), max(values)))
    return pd.DataFrame(rows, columns=["generator", "size", "value", "low", "high"])


def fitted(report: ScalingReport, sweep: str) -> pd.DataFrame:
    """The fitted power law of seconds over the measured sizes, drawn on to the check: generator, size, value.

    A least-squares line goes through the mean of its points, so the exponent and the points fix it.
    """
    rows = []
    for curve in _of(report, sweep):
        seen = [(math.log(p.size), math.log(s)) for p in curve.points for s in p.seconds]
        if curve.exponent is None or not seen:
            continue
        mean_x, mean_y = np.mean(seen, axis=0)
        end = max(x for x, _ in seen) if curve.check is None else math.log(curve.check.size)
        for x in np.linspace(min(x for x, _ in seen), end, _LINE_POINTS):
            rows.append(
                (curve.generator, math.exp(x), math.exp(mean_y + curve.exponent.value * (x - mean_x)))
            )
    return pd.DataFrame(rows, columns=["generator", "size", "value"])


def drawing(
    report: ScalingReport, sweep: str, measure: Measure, families: Mapping[str, str]
) -> Drawing | None:
    """The chart of one measure along a sweep; None where no call has such a value."""
    seen = points(report, sweep, measure.column)
    if seen.empty:
        return None
    lines = fitted(report, sweep) if measure.column == "seconds" else seen[["generator", "size", "value"]]
    return curves.growth(
        _with_family(seen, families), _with_family(lines, families), UNITS.get(sweep, sweep), measure.title
    )


def _with_family(rows: pd.DataFrame, families: Mapping[str, str]) -> pd.DataFrame:
    return rows.assign(family=[families.get(g, "unknown") for g in rows["generator"]])


def table(report: ScalingReport, sweep: str) -> pd.DataFrame:
    """Exponents, growth of memory, the largest request within the limit, and the check, as text."""
    most = f"most in {number(report.memory_limit_bytes, 'bytes')}"
    return pd.DataFrame(
        [
            {
                "generator": curve.generator,
                "time grows as size to the power": _with_interval(curve.exponent),
                "explained": NONE if curve.fits_well is None else percent(curve.fits_well),
                "memory for one more": _with_interval(curve.bytes_per_unit, "bytes"),
                most: number(curve.largest.value) if curve.largest else curve.reasons.get("largest", "–"),
                "check beyond the sweep": _check(curve),
                "disturbed calls": f"{curve.contended} of {curve.calls}",
            }
            for curve in _of(report, sweep)
        ]
    )


def crossings(report: ScalingReport, sweep: str) -> list[str]:
    """One sentence for each pair of generators: which overtakes which, and where."""
    return [pair.sentence() for pair in report.overtakings if pair.sweep == sweep]


def _of(report: ScalingReport, sweep: str) -> list[Curve]:
    return [curve for curve in report.curves if curve.sweep == sweep]


def _with_interval(found: Interval | None, unit: str = "") -> str:
    return "–" if found is None else f"{number(found.value, unit)} ({interval(found.low, found.high, unit)})"


def _check(curve: Curve) -> str:
    check = curve.check
    if check is None:
        return "–"
    told = check.seconds_predicted
    return (
        f"at {check.size:g}: {number(check.seconds, 's')}, predicted {interval(told.low, told.high, 's')}"
        f"{'' if check.seconds_within else ' (outside)'}"
    )
