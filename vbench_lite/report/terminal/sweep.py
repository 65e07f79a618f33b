"""A sweep on a terminal: one sentence, then a table for each question; fits 80 columns."""

from __future__ import annotations

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from vbench_lite.compare.sweep_table import SweepTable
from vbench_lite.format import plural
from vbench_lite.report.charts import settings

_MARKS = {"▲": "bold green", "✓": "green", "?": "yellow", "!": "magenta", "✗": "bold red"}
_WORDS = {"IMPROVED": "bold green", "PASS": "green", "INCONCLUSIVE": "yellow", "REGRESSED": "bold red"}


def sweep_text(found: SweepTable) -> RenderableType:
    """The sweep as one rich renderable."""
    parts: list[RenderableType] = [
        *(Text(line, style="bold") for line in settings.verdicts(found)),
        Text(
            f"run {found.run}, suite {found.suite.name}, {plural(found.samples, 'sample')} of each setting; "
            f"policy {found.policy.name} v{found.policy.version}",
            style="dim",
        ),
        Text(),
    ]
    for title, frame, reading in settings.tables(found):
        parts += [Text(title, style="bold underline"), _table(frame), Text(reading, style="dim"), Text()]
    parts += [Text(f"! {note}", style="yellow") for note in found.notes]
    return Group(*parts)


def _table(frame: pd.DataFrame) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for place, name in enumerate(frame.columns):
        words = place == 0 or name in ("verdict", "so", "clips")
        table.add_column(str(name), justify="left" if words else "right", no_wrap=place == 0, overflow="fold")
    for row in frame.itertuples(index=False, name=None):
        table.add_row(*(_cell(str(value)) for value in row))
    return table


def _cell(text: str) -> Text:
    return Text(text, style=_WORDS.get(text, _MARKS.get(text[-1:], "")))
