"""The leaderboard on a terminal; readable at 80 columns, without colour, and through a pipe."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from vbench_lite.format import (
    ARROWS,
    NONE,
    beside,
    listed,
    number,
    plural,
    plus_minus,
    rank_text,
    score_text,
    unit_of,
)
from vbench_lite.metric import Axis
from vbench_lite.report.charts.leaderboard import without_value
from vbench_lite.results.arms import CEILING
from vbench_lite.results.axes import RELATIVE_AXES
from vbench_lite.results.board import RELATIVE_TIE, Board, BoardRow
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.results.labels import of_runs, row_titles
from vbench_lite.stats.rounds import USUAL

_AXIS_WIDTH = 9
_LEAST_NAME = 16
_NAME_WIDTH = 14
_FOLDED_LABEL = 28


def print_board(board: Board, console: Console, *, metrics: bool = True, doubts: bool = True) -> None:
    """Print axes, controls, metrics and how to read them."""
    console.print(board_text(board, console.width, metrics=metrics, doubts=doubts))


def board_text(board: Board, width: int = 80, *, metrics: bool = True, doubts: bool = True) -> RenderableType:
    """The leaderboard as one rich renderable for a terminal of so many columns.

    Args:
        doubts: with what a reader must know before trusting it, which an answer card says too.
    """
    parts: list[RenderableType] = [Text(_title(board), style="bold"), Text(), *_axes_tables(board, width)]
    parts += [Text(line, style="dim") for line in axis_footnotes(board)]
    for flag in board.trust:
        used = f" (counts towards {', '.join(flag.axes)})" if flag.axes else ""
        parts.append(Text(f"! {flag.metric} cannot be trusted on this data{used}: {flag.reason}", "yellow"))
    for c in (c for c in board.conflicts if c.firm):
        who = f"{c.generator} and {c.other_generator}"
        parts.append(
            Text(f"! {c.distance} and {c.other_distance} order {who} differently, beyond noise", "yellow")
        )
    parts += [Text(f"! {note}", "yellow") for note in board.notes if doubts]
    if metrics and (board.rows or board.controls):
        parts += [Text(), *_metric_parts(board, width)]
    if board.imported:
        parts += [Text("imported: results of others, never ranked with those above", style="bold")]
        parts += _metric_tables(_valued(board.imported), width)
    return Group(*parts)


def metrics_text(board: Board, metrics: Collection[str], width: int = 80) -> RenderableType:
    """Some metrics of a board, with how to read them."""

    def only(rows: Sequence[BoardRow]) -> list[BoardRow]:
        kept = [{m: e for m, e in row.arm.estimates.items() if m in metrics} for row in rows]
        return [
            replace(row, arm=replace(row.arm, estimates=known)) for row, known in zip(rows, kept, strict=True)
        ]

    some = replace(board, rows=only(board.rows), controls=only(board.controls))
    return Group(*_metric_parts(some, width))


def _metric_parts(board: Board, width: int) -> list[RenderableType]:
    """The metrics of the generators and of real clips, and how to read them."""
    reals = [row for row in board.controls if row.arm.control == CEILING]
    footnotes = [Text(line, style="dim") for line in _metric_footnotes(board)]
    return [*_metric_tables([*board.rows, *reals[:1]], width), *footnotes]


def _title(board: Board) -> str:
    rows = board.rows or board.controls or board.imported
    return f"{board.suite.name} v{board.suite.version} · {of_runs(rows)}"


# --- axes ------------------------------------------------------------------------------------


def _axes_tables(board: Board, width: int) -> list[RenderableType]:
    """One table of generators and controls, or several below one another where the axes do not fit."""
    axes = list(board.suite.axes)
    if not axes or not (board.rows or board.controls):
        return []
    widths = [_AXIS_WIDTH + (axis in RELATIVE_AXES) for axis in axes]  # a sign more
    if sum(widths) + len(widths) + _LEAST_NAME <= width:
        return _axes_table(board, axes, widths, width)
    parts = [[axis for axis in axes if (axis in RELATIVE_AXES) == relative] for relative in (False, True)]
    return [
        line
        for part in parts
        for line in _axes_table(board, part, [widths[axes.index(axis)] for axis in part], width)
    ]


def _axes_table(
    board: Board, axes: Sequence[Axis], widths: Sequence[int], width: int
) -> list[RenderableType]:
    room = max(_LEAST_NAME, width - sum(widths) - len(widths))

    def table(heading: str, *, header: bool) -> Table:
        made = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold", show_header=header)
        made.add_column(heading, width=room - 1)
        for axis, wide in zip(axes, widths, strict=True):
            made.add_column(str(axis), justify="right", width=wide, no_wrap=True)
        return made

    top = table("generator", header=True)
    for row, name in zip(board.rows, row_titles(board.rows), strict=True):
        top.add_row(_generator_cell(row, name, room - 1), *(_score_cell(board, row, axis) for axis in axes))
        top.add_row()
    if not board.controls or all(axis in RELATIVE_AXES for axis in axes):
        return [top]
    below = table("", header=False)
    first = [row for row in board.controls if row.arm.run_id == board.controls[0].arm.run_id]
    for row in first:
        cells = [Text(score_text(row.axes[a], signed=a in RELATIVE_AXES), style="dim") for a in axes]
        below.add_row(Text(row.arm.generator, style="dim"), *cells)
    left = len(board.controls) - len(first)
    more = [Text(f"and {plural(left, 'control')} of other runs, which --json has", "dim")] if left else []
    return [top, Text("controls, never ranked", style="bold"), below, *more, Text()]


def _generator_cell(row: BoardRow, name: str, room: int) -> Text:
    arm = row.arm
    for mark in ("/", " · ", "-", "_"):
        if max(map(len, name.split("\n"))) > room:
            name = name.replace(mark, f"{mark.rstrip()}\n")
    cell = Text(name, style="bold")
    cell.append(f"\n{arm.family.replace('_', ' ')}", style="dim not bold")
    cell.append(f"\n{arm.ok} of {arm.planned} ok", style="dim not bold" if arm.ok == arm.planned else "red")
    return cell


def _score_cell(board: Board, row: BoardRow, axis: Axis) -> Text:
    """The score and its rank; speed and memory in their own unit first, doublings below."""
    score, rank = row.axes[axis], row.ranks.get(axis)
    ranked = (other for other in board.rows if other.protocol == row.protocol and axis in other.ranks)
    first = rank == (1, 1) and len(list(islice(ranked, 2))) > 1  # surely first, of more than itself
    text = score_text(score, signed=axis in RELATIVE_AXES)
    shown = row.arm.estimates.get(next(iter(board.suite.axes[axis].metrics)))
    in_units = axis in RELATIVE_AXES and shown is not None and shown.value is not None
    cell = Text(number(shown.value, shown.facts.unit) if in_units and shown else text)
    cell.stylize("bold green" if first else "")
    cell.append(f"\n{rank_text(rank)}", style="green not bold" if first else "dim not bold")
    if in_units:
        cell.append(f"\n{text}", style="dim not bold")
    return cell


def axis_footnotes(board: Board) -> list[str]:
    """What a reader of the table of axes must know, one line each."""
    axes = list(board.suite.axes)
    lines = []
    published = [axis for axis in axes if board.suite.axes[axis].ends]
    if published:
        lines.append(f"{listed(published)}: 0 and 1 as published; ± is the wider side of the 95% interval.")
    if any(axis not in (*RELATIVE_AXES, *published) for axis in axes):
        owners = listed(sorted({row.dataset for row in board.rows if row.dataset}))
        lines.append(
            f"0 = a control without content, 1 = real clips{f' of {owners}' if owners else ''}; "
            "± is the wider side of the 95% interval."
        )
    for axis in (axis for axis in axes if axis in RELATIVE_AXES):
        reference = ", ".join(
            f"{metric} {number(value, metric_facts(metric, {}).unit)}"
            for metric, value in board.suite.axes[axis].reference.items()
        )
        shown = next(iter(board.suite.axes[axis].metrics)).rsplit("/", 1)[-1]
        lines.append(f"{axis}: {shown}; rank and doublings (+1: twice as good) are against {reference}.")
    if any(row.ranks for row in board.rows):
        lines.append('"rank 1-2": the data cannot tell these places apart (95%, all pairs, Shaffer).')
        if any(axis in row.ranks for axis in RELATIVE_AXES for row in board.rows):
            lines.append(f"Speed and memory within {RELATIVE_TIE:.0%} of each other are ties.")
        if len({row.arm.run_id for row in board.rows if Axis.SPEED in row.ranks}) > 1:
            lines.append(
                f"Between two runs, times of one generator move by about {USUAL.sd:.0%}; ranks allow for it."
            )
    lines += [f"– {why}" for why in without_value([*board.rows, *board.controls], axes)]
    return lines


# --- metrics ---------------------------------------------------------------------------------


def _valued(rows: Sequence[BoardRow]) -> list[BoardRow]:
    """Rows with those metrics only that any of them has."""
    some = {metric for row in rows for metric, e in row.arm.estimates.items() if e.value is not None}
    return [
        replace(
            row, arm=replace(row.arm, estimates={m: e for m, e in row.arm.estimates.items() if m in some})
        )
        for row in rows
    ]


def _metric_tables(columns: Sequence[BoardRow], width: int) -> list[RenderableType]:
    """One table, or several below one another where the generators do not fit side by side."""
    metrics = list(dict.fromkeys(m for row in columns for m in row.arm.estimates))
    lines = {metric: _metric_cells(metric, columns) for metric in metrics}
    longest = max((len(cells[0]) for cells in lines.values()), default=_LEAST_NAME)
    rows = []
    area = None
    for metric in metrics:
        if metric.split("/")[0] != area:
            area = metric.split("/")[0]
            rows.append([Text(area, style="dim")])
        rows.append(lines[metric])
    return side_by_side("metric", longest, short_names(columns), rows, width)


def side_by_side(
    heading: str, label: int, names: Sequence[str], rows: Sequence[Sequence[Text]], width: int
) -> list[RenderableType]:
    """Tables with as many columns of numbers beside the first one as fit, below one another.

    Args:
        heading: of the first column.
        label: its longest text; where that costs a table more, the column is narrower and its texts fold.
        names: of the other columns.
        rows: a cell for each column; one alone is a heading within the table.
        width: of the terminal.
    """
    widths = [
        max([*map(len, name.split("\n")), *(len(row[place]) for row in rows if len(row) > 1)])
        for place, name in enumerate(names, start=1)
    ]
    narrow = min(label, _FOLDED_LABEL)
    if len(spread(widths, width - label - 1)) > len(spread(widths, width - narrow - 1)):
        label = narrow
    tables: list[RenderableType] = []
    for start, stop in spread(widths, width - label - 1):
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
        table.add_column(heading, width=label)
        for place in range(start, stop):
            table.add_column(names[place], justify="right", width=widths[place], no_wrap=True)
        for row in rows:
            table.add_row(row[0], *row[start + 1 : stop + 1])
        tables += [table, Text()]
    return tables


def spread(widths: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Cut columns of these widths into as few slices as fit the room, one column at least."""
    slices, start, used = [], 0, 0
    for place, width in enumerate(widths):
        if place > start and used + width > room:
            slices.append((start, place))
            start, used = place, 0
        used += width + 1
    return [*slices, (start, len(widths))]


def _metric_cells(metric: str, columns: Sequence[BoardRow]) -> list[Text]:
    known = [row.arm.estimates[metric] for row in columns if metric in row.arm.estimates]
    facts = known[0].facts
    unit, factor = unit_of(facts.unit, max((abs(e.value) for e in known if e.value is not None), default=0.0))
    title = Text(f"  {metric.split('/', 1)[-1]}{ARROWS[facts.higher_is_better]}")
    if unit and not metric.endswith(f"_{unit}"):
        title.append(f" {unit}", style="dim")
    found = [row.arm.estimates.get(metric) for row in columns]
    cells = [Text(NONE if one is None else plus_minus(one, factor, facts.bounds)) for one in found]
    return [title, *cells]


def short_names(rows: Sequence[BoardRow]) -> list[str]:
    """The names of rows as they head a column."""
    return [_folded(name.replace(" · ", "\n")) for name in row_titles(rows)]


def _folded(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else name.replace("-", "-\n")


def _metric_footnotes(board: Board) -> list[str]:
    rows = [*board.rows, *board.controls]
    clips = sorted(
        {e.n for row in rows for e in row.arm.estimates.values() if e.value is not None and not e.calls}
    )
    rounds = sorted({e.n for row in rows for e in row.arm.estimates.values() if e.calls})
    lines = ["↑ higher is better, ↓ lower is better; ± is the wider side of the 95% interval."]
    counts = []
    if clips:
        counts.append(_span(clips, "clip"))
    if rounds:
        counts.append(f"{_span(rounds, 'round')} of warm calls (median)")
    if counts:
        lines.append(f"n: {', '.join(counts)} a generator.")
    lines += _set_lines(board.rows)
    lines += _missing_lines(board.rows)
    unknown = [m for m, e in (board.rows[0].arm.estimates.items() if board.rows else ()) if not e.facts.known]
    if unknown:
        lines.append(
            f"Not registered by any installed package (direction and unit as stored): {', '.join(unknown)}"
        )
    return lines


def _set_lines(rows: Sequence[BoardRow]) -> list[str]:
    """What stands beside values over sets that grow as clips get fewer; equal for generators of equal n."""
    told = {
        f"{metric}: {beside({key: details[key] for key in details if key != 'corrected'}, measured.n)}."
        for row in rows
        for metric, measured in row.arm.estimates.items()
        if "perfect" in (details := measured.extras)
    }
    return sorted(told)


def _missing_lines(rows: Sequence[BoardRow]) -> list[str]:
    """Why values are missing: one line for each reason, with the metrics and generators it holds for."""
    where: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for row in rows:
        for metric, measured in row.arm.estimates.items():
            reason = measured.reason if measured.value is None else None
            if reason is None and measured.missing:
                reason = f"no value on {sum(measured.missing.values())}: {next(iter(measured.missing))}"
            if reason is not None:
                metrics, names = where.setdefault(reason, ({}, {}))
                metrics[metric] = names[row.arm.generator] = None
    lines = []
    for reason, (metrics, names) in where.items():
        which = list(metrics)
        title = ", ".join(which) if len(which) < 3 else f"{which[0]} and {len(which) - 1} more"
        everyone = len(names) == len({row.arm.generator for row in rows})
        lines.append(f"– {title}: {reason}" + ("" if everyone else f" ({', '.join(names)})"))
    return lines


def _span(counts: Sequence[int], noun: str) -> str:
    several = plural(counts[-1], noun)
    return several if counts[0] == counts[-1] else f"{counts[0]:,} to {several}"
