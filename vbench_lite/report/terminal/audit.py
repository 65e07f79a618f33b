"""An audit on a terminal, and what it says beside a leaderboard. Fits 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from vbench_lite.format import ARROWS
from vbench_lite.grouping import grouped
from vbench_lite.sensitivity.judge import MetricVerdict, Seen
from vbench_lite.sensitivity.results import AuditResult

_STYLES = {
    MetricVerdict.SOUND: "green",
    MetricVerdict.OFF_AXIS: "yellow",
    MetricVerdict.FOOLED: "bold red",
    MetricVerdict.BLIND: "bold red",
    MetricVerdict.DESCRIPTION: "cyan",
    MetricVerdict.CANNOT_TELL: "magenta",
    MetricVerdict.NOT_APPLICABLE: "dim",
}
MOST = 10  # deviations; beyond it the number says no more than "very much"
_TOLD = {seen: "blind to" if seen is Seen.NOT_SEEN else str(seen) for seen in Seen}
_ORDER = (Seen.REWARDED, Seen.NOTICED, Seen.MOVED, Seen.NOT_SEEN, Seen.CANNOT_TELL, Seen.NO_VALUE)


def audit_text(result: AuditResult) -> RenderableType:
    """Every metric with its verdict and what it makes of each damage."""
    data = result.data
    size = f"{data['frames']} frames of {data['width']}x{data['height']}"
    parts: list[RenderableType] = [
        Text(f"audit {result.id} · {data['name']}, {data['clips']} clips, {size}", style="bold"),
        Text(f"{len(result.metrics)} metrics, {len(result.damages)} ladders, {result.seconds:.0f} s", "dim"),
    ]
    outside = [metric for metric in result.metrics if not metric["cells"]]
    for metric in result.metrics:
        if metric["cells"]:
            parts += [Text(), *_metric(metric)]
    if outside:
        parts += [Text(), Text("not applicable", style="bold")]
        parts += [Text(line) for line in _grouped(outside)]
    parts += [Text(), *(Text(line, style="dim") for line in _LEGEND)]
    parts += [Text(f"! {note}", style="yellow") for note in result.notes]
    return Group(*parts)


_LEGEND = (
    "number: change at the strongest damage, - is worse, in standard deviations (Cohen's d);",
    "~ not steadily with the amount of damage; [in brackets] a control without content.",
    "blind to: the 95% interval of the change lies within 0.2 (* its axis is meant to see it).",
)


def _metric(metric: Mapping[str, Any]) -> list[RenderableType]:
    verdict = MetricVerdict(metric["verdict"])
    line = Text.assemble(
        (metric["metric"], "bold"),
        ARROWS[metric["higher_is_better"]],
        "  ",
        (str(verdict), _STYLES[verdict]),
    )
    parts: list[RenderableType] = [line]
    for seen in _ORDER:
        cells = [cell for cell in metric["cells"] if cell["seen"] == seen]
        if cells:
            why = f" ({cells[0]['reason']})" if seen is Seen.NO_VALUE and cells[0]["reason"] else ""
            told = f"{_TOLD[seen]}: {', '.join(map(_cell, cells))}{why}"
            parts.append(Padding(Text(told), (0, 0, 0, 2)))
    return parts


def _cell(cell: Mapping[str, Any]) -> str:
    """`blur -2.1`, `noise +8.0~`, `shuffle`."""
    name = cell["damage"] if cell["kind"] != "control" else f"[{cell['damage']}]"
    if cell["seen"] in (Seen.NO_VALUE, Seen.NOT_SEEN) or cell["effect"] is None:
        return f"{name}*" if cell["seen"] == Seen.NOT_SEEN and cell["meant"] else name
    steady = "" if cell["monotone"] else "~"
    if abs(cell["effect"]) >= MOST:
        return f"{name} {'>+' if cell['effect'] > 0 else '<-'}{MOST}{steady}"
    return f"{name} {cell['effect']:+.1f}{steady}"


def _grouped(metrics: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line a reason."""
    reasons = grouped((one["words"].removeprefix("not applicable: "), one["metric"]) for one in metrics)
    return [f"  {', '.join(names)}: {reason}" for reason, names in reasons.items()]


def audit_notes(audits: Sequence[AuditResult], metrics: Iterable[str]) -> list[str]:
    """What the newest audit of each metric says against it; one line a fault, and one of what is sound.

    audits: newest first.
    """
    lines: list[str] = []
    sound: list[str] = []
    unknown: list[str] = []
    for name in metrics:
        found = next(
            ((a, m) for a in audits if (m := a.of(name)) and m["verdict"] != MetricVerdict.NOT_APPLICABLE),
            None,
        )
        if found is None:
            unknown.append(name)
            continue
        audit, metric = found
        verdict = MetricVerdict(metric["verdict"])
        if verdict is MetricVerdict.SOUND:
            sound.append(name)
        elif verdict is not MetricVerdict.DESCRIPTION:
            where = f"audit {audit.id[:8]}, {audit.data['name']}"
            lines.append(f"{name} is {verdict} ({where}): {metric['words']}")
    if sound:
        lines.append(f"sound: {', '.join(sound)}")
    if unknown and (lines or sound):
        lines.append(f"not audited: {', '.join(unknown)}")
    return lines
