"""Advice on a terminal: the answer in words, the table behind it, limits, beliefs. Fits 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vbench_lite.advise import Advice, Standing, Use
from vbench_lite.advise.answer import Verdict
from vbench_lite.advise.beliefs import Belief, BeliefVerdict
from vbench_lite.advise.requirements import Check, Status
from vbench_lite.advise.words import measured, settle
from vbench_lite.format import chance, rank_text, score_text, significant
from vbench_lite.metric import Axis
from vbench_lite.report.terminal.board import short_names, side_by_side
from vbench_lite.results.axes import RELATIVE_AXES, AxisScore
from vbench_lite.results.labels import of_runs

_STYLES = {
    Verdict.TAKE: "bold green",
    Verdict.CANNOT_TELL: "bold yellow",
    Verdict.DEPENDS: "bold yellow",
    Verdict.NONE_QUALIFIES: "bold red",
}
_STATUS = {Status.MEETS: "green", Status.MAY: "yellow", Status.UNMEASURED: "magenta", Status.FAILS: "red"}
_BELIEFS = {BeliefVerdict.SUPPORTED: "green", BeliefVerdict.CONTRADICTED: "red", BeliefVerdict.OPEN: "yellow"}


def advice_text(advice: Advice, width: int = 80, *, brief: bool = False) -> RenderableType:
    """The whole answer as one rich renderable for so many columns; brief: no limits, no beliefs."""
    names = ", ".join(advice.leaders) if advice.verdict in (Verdict.TAKE, Verdict.CANNOT_TELL) else ""
    parts: list[RenderableType] = [
        Text(_title(advice), style="bold"),
        Text.assemble((f"{advice.verdict}", _STYLES[advice.verdict]), f": {names}" if names else ""),
        Text(),
        Text(advice.words),
        Text(),
        _table(advice),
        Text(),
        *_axes_tables(advice, width),
        *(Text(line, style="dim") for line in _footnotes(advice)),
        *(Text(f"! {note}", style="yellow") for note in advice.notes),
    ]
    if brief:
        return Group(*parts)
    if advice.requirements:
        parts += [Text(), Text("limits", style="bold"), _limits(advice)]
    return Group(*parts, Text(), beliefs_text(advice))


def _title(advice: Advice) -> str:
    use = f" · use {advice.use.name} v{advice.use.version}" if advice.use is not None else ""
    where = of_runs([standing.row for standing in advice.standings])
    return f"{advice.board.suite.name} v{advice.board.suite.version}{use} · {where}"


def _table(advice: Advice) -> Table:
    """What is known of each generator as a whole."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("generator")
    if advice.weights is not None:
        for heading in ("total", "rank", "best"):
            table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("front", justify="right", no_wrap=True)
    if advice.price_per_hour is not None:
        table.add_column("1000 clips cost", justify="right", no_wrap=True)
    table.add_column("limits")
    names = short_names([standing.row for standing in advice.standings])
    for standing, name in zip(advice.standings, names, strict=True):
        table.add_row(*_cells(advice, standing, name.replace("\n", "")))
    return table


def _cells(advice: Advice, standing: Standing, name: str) -> list[Text]:
    at = standing.place
    alone = _alone(advice)
    cells = [Text(name, style="bold" if at is not None else "dim")]
    if advice.weights is not None:
        rank = rank_text(at.rank if at is not None else None).removeprefix("rank ")
        cells += [_total(at.total if at is not None else None), Text(rank or "–")]
        cells.append(_chance(at.best if at is not None and not alone else None))
    cells.append(_chance(at.front if at is not None and not alone else None))
    if advice.price_per_hour is not None:
        cells.append(_thousand(standing))
    told = Text(str(standing.status) if standing.checks else "–", style=_STATUS[standing.status])
    if at is None and standing.status is not Status.FAILS:
        told = Text(f"not ranked: {standing.reason}", style="red")
    return [*cells, told]


def _total(total: AxisScore | None) -> Text:
    return Text("–" if total is None else score_text(total))


def _thousand(standing: Standing) -> Text:
    cost = standing.cost
    if cost is None or cost.value is None:
        return Text("–")
    half = max((cost.high or cost.value) - cost.value, cost.value - (cost.low or cost.value))
    return Text(f"{significant(1000 * cost.value)} ±{significant(1000 * half, 2)}")


def _axes_tables(advice: Advice, width: int) -> list[RenderableType]:
    """Each axis with the chance of being best on it; several tables where they do not fit side by side."""
    axes = list(advice.weights.by_axis if advice.weights is not None else advice.board.suite.axes)
    if not axes:
        return []
    rows = [
        [Text(_axis_title(advice, axis)), *(Text(_axis_cell(advice, s, axis)) for s in advice.standings)]
        for axis in axes
    ]
    names = short_names([standing.row for standing in advice.standings])
    return side_by_side("axis", max(len(row[0]) for row in rows), names, rows, width)


def _axis_title(advice: Advice, axis: Axis) -> str:
    return str(axis) if advice.weights is None else f"{axis} x{advice.weights.by_axis[axis]:g}"


def _alone(advice: Advice) -> bool:
    """Whether there is no other candidate, so that chances to be the best say nothing."""
    return sum(standing.place is not None for standing in advice.standings) < 2


def _axis_cell(advice: Advice, standing: Standing, axis: Axis) -> str:
    """`.75 ±.04  58%`: the score, and how likely it is the best of the candidates."""
    text = score_text(standing.row.axes[axis], signed=axis in RELATIVE_AXES)
    if _alone(advice) or standing.place is None or axis not in standing.place.best_on:
        return f"{text}     –"
    return f"{text} {_chance(standing.place.best_on[axis]).plain:>5}"


def _chance(probability: float | None) -> Text:
    if probability is None:
        return Text("–")
    return Text(chance(probability).replace("over ", ">").replace("under ", "<"))


def _footnotes(advice: Advice) -> list[str]:
    lines = []
    if advice.weights is not None:
        named = ", ".join(f"{axis} {weight:g}" for axis, weight in advice.weights.by_axis.items())
        lines.append(f"weights: {named}; any other axis counts 0.")
        lines.append("total: weighted mean of the axes; best: probability of having the largest.")
        if any(axis in RELATIVE_AXES for axis in advice.weights.by_axis):
            lines.append(
                f"speed, memory: {advice.weights.doublings:g} doublings are worth one whole scale of "
                "another axis."
            )
    lines.append("front: probability of being on the Pareto front of the axes shown.")
    lines.append("Beside each axis score: probability of being the best on it.")
    ranks = [s.place.rank for s in advice.standings if s.place is not None and s.place.rank is not None]
    if any(first != last for first, last in ranks):
        lines.append('rank "1-2": the data cannot tell these places apart (95%, all pairs, Shaffer).')
    lines += [f"– {axis} does not count here: {reason}" for axis, reason in advice.left_out.items()]
    return lines


def _limits(advice: Advice) -> RenderableType:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=False)
    table.add_column("generator", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("measured")
    for place, requirement in enumerate(advice.requirements):
        table.add_row(Text(requirement.text, style="bold"), "", Text(requirement.why or "", style="dim"))
        for standing in advice.standings:
            table.add_row(*_limit_cells(standing, standing.checks[place]))
    return table


def _limit_cells(standing: Standing, check: Check) -> list[Text]:
    text = measured(check) if check.quantity.value is not None else (check.reason or "no reason given")
    if check.status is Status.MAY:
        text += f"; {settle(check)}"
    return [
        Text(f"  {standing.generator}"),
        Text(str(check.status), style=_STATUS[check.status]),
        Text(text, style="dim" if check.quantity.value is None else ""),
    ]


def beliefs_text(advice: Advice) -> RenderableType:
    """What the run says of common beliefs."""
    parts: list[RenderableType] = [
        Text.assemble(("common beliefs", "bold"), " and what these results say of them")
    ]
    for belief in advice.beliefs:
        parts += _belief(belief)
    parts += [
        Text(),
        Text("They hold for these generators; with one of each family it is one example.", "dim"),
    ]
    return Group(*parts)


def _belief(belief: Belief) -> list[RenderableType]:
    line = Text.assemble(f'"{belief.belief}": ', (str(belief.verdict), _BELIEFS[belief.verdict]))
    return [Text(), line, Padding(Text(belief.words), (0, 0, 0, 2))]


def uses_text(uses: Sequence[Use]) -> RenderableType:
    """The named uses: who watches, limits and weights with their reasons."""
    parts: list[RenderableType] = []
    for use in uses:
        parts += [Text.assemble((use.name, "bold"), f": {use.summary}")]
        parts += [Text(f"  {limit.limit}: {limit.why}") for limit in use.limits]
        parts += [Text(f"  {axis} x{w.weight:g}: {w.why}") for axis, w in use.weights.items()]
        parts.append(Text())
    return Group(*parts)
