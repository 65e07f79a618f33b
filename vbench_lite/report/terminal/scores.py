"""Scores of clips made elsewhere on a terminal: a column a file while they are few, else a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vbench_lite.format import beside, significant
from vbench_lite.grouping import grouped
from vbench_lite.weights import unverified

MOST_COLUMNS = 4
MOST_NAMED = 3  # files of which one thing is told


def print_scores(scores: Mapping[str, Any], console: Console) -> None:
    """Print what `score --json` holds (`FolderScores.as_dict`), errors left out: they go to stderr."""
    samples: Mapping[str, Mapping[str, float]] = scores["samples"]
    metrics = list(dict.fromkeys(metric for values in samples.values() for metric in values))
    if metrics:
        table = _each(samples, metrics) if len(samples) <= MOST_COLUMNS else _summary(samples, metrics)
        console.print(table)
    for group, sets in ({"all clips": scores["sets"]} | scores["groups"]).items():
        if sets:
            console.print(_sets(group, sets))
            for metric, found in sets.items():
                if more := beside(found["details"], found["n"]):
                    console.print(Text(f"· {metric}: {more}", style="dim"))
    for reason, names in _reasons(scores["not_applicable"]).items():
        console.print(Text(f"– not applicable: {', '.join(names)}: {reason}", style="dim"))
    told = Counter(note for notes in scores["notes"].values() for note in notes.items())
    for (metric, note), count in told.items():
        console.print(Text(f"· {metric}, {count} of {len(samples)} clips: {note}", style="dim"))
    for metric in scores["unverified"]:
        console.print(Text(f"! {unverified.remark(metric)}", style="yellow"))
    for flags, files in grouped((", ".join(flags), file) for file, flags in scores["flags"].items()).items():
        named = ", ".join(files) if len(files) <= MOST_NAMED else f"{files[0]} and {len(files) - 1} more"
        console.print(Text(f"! {named}: {flags}", style="yellow"))


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column(headings[0], no_wrap=True)
    for heading in headings[1:]:
        table.add_column(Text(heading), justify="right", overflow="fold")
    return table


def _each(samples: Mapping[str, Mapping[str, float]], metrics: list[str]) -> Table:
    table = _table("metric", *samples)
    for metric in metrics:
        cells = [significant(values[metric]) if metric in values else "–" for values in samples.values()]
        table.add_row(metric, *cells)
    return table


def _summary(samples: Mapping[str, Mapping[str, float]], metrics: list[str]) -> Table:
    table = _table("metric", "mean", "least", "greatest", "clips")
    for metric in metrics:
        found = [values[metric] for values in samples.values() if metric in values]
        numbers = (sum(found) / len(found), min(found), max(found))
        table.add_row(metric, *(significant(number) for number in numbers), str(len(found)))
    return table


def _sets(group: str, sets: Mapping[str, Mapping[str, Any]]) -> Table:
    table = _table(f"over {group}", "value", "95% interval", "n")
    for metric, found in sets.items():
        ci = found["ci"]
        interval = "–" if ci is None else f"{significant(ci[0])} to {significant(ci[1])}"
        table.add_row(metric, significant(found["value"]), interval, str(found["n"]))
    return table


def _reasons(not_applicable: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    """Metrics by the reason that keeps them from any value, each once."""
    return grouped(
        (reason, metric)
        for metric, files in not_applicable.items()
        for reason in dict.fromkeys(files.values())
    )
