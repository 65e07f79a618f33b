"""A scaling run on a terminal: one small table a sweep, a sparkline a generator, and the crossings."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from vbench_lite.format import NONE, interval, number, plus_minus, with_interval
from vbench_lite.results.scaling import Curve, ScalingReport
from vbench_lite.stats.scaling import Interval

_BARS = "▁▂▃▄▅▆▇█"
_UNITS = {"frames": "frame", "side": "pixel", "steps": "step", "batch": "clip"}


def scaling_text(report: ScalingReport) -> RenderableType:
    """The report as one rich renderable, readable at 80 columns and without colour."""
    parts: list[RenderableType] = []
    for sweep in dict.fromkeys(curve.sweep for curve in report.curves):
        curves = [curve for curve in report.curves if curve.sweep == sweep]
        parts += [_table(sweep, curves, report.memory_limit_bytes), *_checks(curves)]
        parts += [Text(f"· {pair.sentence()}") for pair in report.overtakings if pair.sweep == sweep]
        if (disturbed := report.disturbed(sweep)) is not None:
            parts.append(Text(f"! {disturbed}", "yellow"))
        parts.append(Text())
    if not parts:
        parts.append(Text(f"suite {report.suite} has no timed calls of a sweep"))
    return Group(*parts)


def sparkline(values: Sequence[float], low: float, high: float) -> str:
    """One character a value, on a logarithmic scale from low to high; all values positive."""
    span = math.log(high / low) if high > low else 1.0
    places = (math.log(value / low) / span * (len(_BARS) - 1) for value in values)
    return "".join(_BARS[min(max(round(place), 0), len(_BARS) - 1)] for place in places)


def _table(sweep: str, curves: Sequence[Curve], limit_bytes: float) -> Table:
    sizes = sorted({point.size for curve in curves for point in curve.points})
    times = [second for curve in curves for point in curve.points for second in point.seconds]
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column(f"{sweep} {sizes[0]:g} to {sizes[-1]:g}")
    table.add_column("latency")
    table.add_column("exponent", justify="right")
    table.add_column(f"MB a {_UNITS[sweep]}", justify="right")
    table.add_column(f"most in {number(limit_bytes, 'bytes')}", justify="right")
    for curve in curves:
        middles = [sorted(point.seconds)[len(point.seconds) // 2] for point in curve.points]
        line = sparkline(middles, min(times), max(times))
        ends = interval(middles[0], middles[-1], "s") if middles else ""
        table.add_row(
            curve.generator,
            f"{line} {ends}",
            _cell(curve.exponent),
            _cell(curve.bytes_per_unit, 1e6),
            "no growth" if curve.largest is None and curve.bytes_per_unit else _whole(curve.largest),
        )
    return table


def _cell(found: Interval | None, unit: float = 1.0) -> str:
    return NONE if found is None or found.low is None or found.high is None else plus_minus(found, unit)


def _whole(found: Interval | None) -> str:
    return NONE if found is None else f"{math.floor(found.value):,}"


def _checks(curves: Sequence[Curve]) -> list[Text]:
    lines = []
    for curve in curves:
        check = curve.check
        if check is None:
            continue
        text = (
            f"· {curve.generator} at {check.size:g}: {number(check.seconds, 's')}, predicted "
            f"{with_interval(check.seconds_predicted, 's')}"
        )
        if check.peak_bytes is not None and check.peak_predicted is not None:
            text += f"; {number(check.peak_bytes, 'bytes')}, predicted "
            text += number(check.peak_predicted.value, "bytes")
        off = not check.seconds_within or check.peak_within is False
        lines.append(Text(text + (" (outside)" if off else ""), "yellow" if off else ""))
    return lines
