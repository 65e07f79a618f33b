"""The leaderboard as one table: a row a generator, a column an axis, the interval as a bar in the cell.

Laid out as plain values; `report.html.markup.leaderboard` draws it, in the dashboard and in static pages.
Every axis has one scale for all rows: 0 (a control without content) to 1 (real clips) where it is scaled,
for speed and memory from the least to the greatest interval drawn, the suite's reference included. A suite
without axes has a column a metric.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from vbench_lite.advise import Advice
from vbench_lite.format import NONE, chance, listed, number, place_text, plural, plus_minus, score_text
from vbench_lite.grouping import grouped
from vbench_lite.metric import Axis
from vbench_lite.report.charts.style import AXES, axis_order, family_title
from vbench_lite.results.axes import RELATIVE_AXES, AxisScore
from vbench_lite.results.board import Board, BoardRow
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.results.labels import row_titles

Key = tuple[str, str]  # run id and generator
TOTAL = "total"
_MOST_METRICS = 12  # columns of a suite without axes
READING = (
    "Bars: 95% intervals, from a control without content (left end) to real clips (right end); speed and "
    "memory from the least to the best that is drawn. A green chip marks who is surely first; 1-3 says that "
    "the data cannot tell these places apart."
)


def tables(
    board: Board,
    by: str | None = None,
    *,
    thumbs: Mapping[Key, str] | None = None,
    advice: Advice | None = None,
) -> list[dict[str, Any]]:
    """One table for each group of rows that were asked for the same, the largest first.

    Args:
        by: the column to sort by, best first; None takes the first one.
        thumbs: picture addresses by row.
        advice: of these rows; its total becomes the first column, and the order where `by` is "total".
    """
    names = dict(zip(map(_key, board.rows), row_titles(board.rows), strict=True))
    sizes = Counter(row.protocol for row in board.rows)
    protocols = sorted(sizes, key=lambda protocol: -sizes[protocol])  # the most to choose from comes first
    made = []
    for protocol in protocols:
        rows = [row for row in board.rows if row.protocol == protocol]
        made.append(_table(board, rows, names, by, thumbs or {}, advice, several=len(protocols) > 1))
    return made


def columns(board: Board) -> list[str]:
    """Names of the columns that the table can be sorted by."""
    if board.suite.axes:
        return axis_order({str(axis) for axis in board.suite.axes})
    metrics = dict.fromkeys(m for row in board.rows for m, e in row.arm.estimates.items() if e.facts.sign)
    return [m for m in metrics if any(row.arm.value(m) is not None for row in board.rows)][:_MOST_METRICS]


def _key(row: BoardRow) -> Key:
    return row.arm.run_id, row.arm.generator


def _table(
    board: Board,
    rows: list[BoardRow],
    names: Mapping[Key, str],
    by: str | None,
    thumbs: Mapping[Key, str],
    advice: Advice | None,
    *,
    several: bool,
) -> dict[str, Any]:
    shown = columns(board)
    order = by if by in shown or by == TOTAL else next(iter(shown), None)
    totals = {} if advice is None else _totals(advice)
    rows = sorted(rows, key=lambda row: _standing(row, order, totals))
    settings = rows[0].arm.settings
    asked = f"{plural(rows[0].arm.planned, 'sample')} each, seed {settings.get('seed', '0')}"
    if len({row.suite.request.size for row in board.rows}) > 1:
        asked += f", {rows[0].suite.request.size}"
    caption = f"{board.suite.name} v{rows[0].suite.version}" + (f": {asked}" if several else f", {asked}")
    first = [_total_column(advice)] if advice is not None else []
    return {
        "caption": caption,
        "by": order,
        "columns": [*first, *({"name": n, "title": column_title(n), "meaning": _meaning(n)} for n in shown)],
        "rows": [
            {
                "label": row.arm.generator,
                "name": names[_key(row)],
                "about": _about(row),
                "strip": thumbs.get(_key(row)),
                "cells": [
                    *([totals.get(_key(row), _cell(NONE))] if advice is not None else []),
                    *(_of(board, rows, row, name) for name in shown),
                ],
            }
            for row in rows
        ],
        "notes": without_value(rows, shown, names),
    }


def without_value(
    rows: Sequence[BoardRow], shown: Sequence[str], names: Mapping[Key, str] | None = None
) -> list[str]:
    """Why cells have no value: a line for each column and reason, and whose they are unless all are.

    Controls are never timed, so their speed and memory are not asked for.

    Args:
        shown: axes or metrics.
        names: of rows; else their labels.
    """
    asked = {name: [row for row in rows if not (row.arm.control and name in RELATIVE_AXES)] for name in shown}
    reasons = grouped(
        ((name, why), row.arm.generator if names is None else names[_key(row)])
        for name, of in asked.items()
        for row in of
        if (why := _why_none(row, name)) is not None
    )
    return [
        f"{column_title(name)}: {why}" + ("" if len(who) == len(asked[name]) else f" ({', '.join(who)})")
        for (name, why), who in reasons.items()
    ]


def _why_none(row: BoardRow, name: str) -> str | None:
    found = row.axes[Axis(name)] if name in row.axes else row.arm.estimates.get(name)
    return found.reason if found is not None and found.value is None else None


def _about(row: BoardRow) -> str:
    family, arm = family_title(row.arm.family), row.arm
    return family if arm.ok == arm.planned else f"{family} · {arm.ok} of {arm.planned} ok"


def column_title(name: str) -> str:
    """A metric or an axis as the head of a column whose cells have the unit."""
    tail = name.rsplit("/", 1)[-1]
    if metric_facts(name, {}).unit in ("s", "bytes"):  # the value has its unit
        tail = tail.removesuffix("_s").removesuffix("_bytes")
    return tail.replace("_", " ")


def _meaning(name: str) -> str:
    return AXES.get(name) or metric_facts(name, {}).summary


def _standing(row: BoardRow, by: str | None, totals: Mapping[Key, dict[str, Any]]) -> tuple[bool, float]:
    """Best first; what has no value last."""
    if by == TOTAL:
        found = totals.get(_key(row), {}).get("sort")
        return found is None, -(found or 0.0)
    if by is None:
        return False, 0.0
    if by in row.axes:
        value = row.axes[Axis(by)].value
        return value is None, -(value or 0.0)
    value = row.arm.value(by)
    sign = row.arm.estimates[by].facts.sign if by in row.arm.estimates else 1
    return value is None, -sign * (value or 0.0)


def _of(board: Board, rows: Sequence[BoardRow], row: BoardRow, name: str) -> dict[str, Any]:
    return _axis(board, rows, row, Axis(name)) if name in row.axes else _metric(rows, row, name)


def _axis(board: Board, rows: Sequence[BoardRow], row: BoardRow, axis: Axis) -> dict[str, Any]:
    score, rank = row.axes[axis], row.ranks.get(axis)
    if score.value is None:
        return _cell(NONE)
    ends = (0.0, 1.0)
    text, note = score_text(score, signed=axis in RELATIVE_AXES), ""
    if axis in RELATIVE_AXES:
        ends = _ends([r.axes[axis] for r in rows], 0.0)
        metrics = [m for m in board.suite.axes[axis].metrics if row.arm.value(m) is not None]
        if metrics:
            note = "; ".join(f"{column_title(m)} {_number(row, m)}" for m in metrics[1:])
            text = _number(row, metrics[0])
    first = rank == (1, 1) and sum(axis in other.ranks for other in rows) > 1
    return _cell(text, rank=place_text(rank) if rank else "", first=first, bar=_bar(score, ends), note=note)


def _number(row: BoardRow, metric: str) -> str:
    found = row.arm.estimates[metric]
    return number(found.value, found.facts.unit)


def _metric(rows: Sequence[BoardRow], row: BoardRow, metric: str) -> dict[str, Any]:
    found = row.arm.estimates.get(metric)
    if found is None or found.value is None:
        return _cell(NONE)
    others = [r.arm.estimates[metric] for r in rows if r is not row and r.arm.value(metric) is not None]
    text = (
        number(found.value, found.facts.unit)
        if found.facts.unit in ("s", "bytes")
        else plus_minus(found, bounds=found.facts.bounds)
    )
    bar = _bar(found, _ends([found, *others], None))
    return _cell(text, first=bool(others) and all(_beats(found, other) for other in others), bar=bar)


def _beats(one: MetricEstimate, other: MetricEstimate) -> bool:
    """Whether a metric is better with intervals apart."""
    if one.ends is None or other.ends is None:
        return False
    (low, high), (its_low, its_high) = one.ends, other.ends
    return low > its_high if one.facts.sign > 0 else high < its_low


def _cell(
    value: str,
    *,
    rank: str = "",
    first: bool = False,
    bar: dict[str, str] | None = None,
    note: str = "",
) -> dict[str, Any]:
    return {"value": value, "rank": rank, "first": first, "bar": bar, "note": note}


def _ends(found: Sequence[AxisScore | MetricEstimate], reference: float | None) -> tuple[float, float]:
    drawn = [end for one in found for end in (one.low, one.value, one.high) if end is not None]
    drawn += [] if reference is None else [reference]
    return (min(drawn), max(drawn)) if drawn else (0.0, 1.0)


def _bar(found: AxisScore | MetricEstimate, ends: tuple[float, float]) -> dict[str, str] | None:
    """The interval and the value as percent of the scale."""
    if found.value is None or ends[1] <= ends[0]:
        return None

    def at(value: float) -> float:
        return 100 * min(max((value - ends[0]) / (ends[1] - ends[0]), 0.0), 1.0)

    low = at(found.low if found.low is not None else found.value)
    high = at(found.high if found.high is not None else found.value)
    return {"low": f"{low:.1f}", "width": f"{high - low:.1f}", "at": f"{at(found.value):.1f}"}


def _total_column(advice: Advice) -> dict[str, str]:
    weights = {} if advice.weights is None else advice.weights.by_axis
    said = listed([f"{axis} x{weight:g}" for axis, weight in weights.items()])
    title = f"for {advice.use.title}" if advice.use is not None else "total"
    return {"name": TOTAL, "title": title, "meaning": f"Weighted mean of {said}."}


def _totals(advice: Advice) -> dict[Key, dict[str, Any]]:
    """The total of each candidate by an advice's weights; why another one is none."""
    placed = {}
    alone = len(advice.candidates) < 2
    for standing in advice.standings:
        at = standing.place
        if at is None or at.total is None or at.total.value is None:
            cell = _cell(NONE, note=standing.reason or "")
        else:
            first = at.rank == (1, 1) and not alone
            note = "" if at.best is None else f"best in {chance(at.best)} of draws"
            cell = _cell(score_text(at.total), rank=place_text(at.rank), first=first, note=note)
            cell["sort"] = at.total.value
        placed[_key(standing.row)] = cell
    return placed
