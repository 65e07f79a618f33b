"""A sweep as GitHub-flavoured Markdown: for a pull request or a step summary."""

from __future__ import annotations

import pandas as pd

from vbench_lite.compare.sweep_table import SweepTable
from vbench_lite.report.charts import settings
from vbench_lite.report.ci.markdown import STEP_SUMMARY_BYTES, escaped, within


def sweep_markdown(found: SweepTable, *, limit: int = STEP_SUMMARY_BYTES) -> str:
    """The sentence, then every table with how it is read; at most `limit` bytes of UTF-8."""
    lines = [
        "## Settings against their base",
        "",
        *(f"- **{escaped(line)}**" for line in settings.verdicts(found)),
        "",
        f"Run {escaped(found.run)}, suite {escaped(found.suite.name)}, {found.samples} samples of each.",
    ]
    for title, frame, reading in settings.tables(found):
        lines += ["", f"### {title.capitalize()}", "", *_table(frame), "", escaped(reading)]
    lines += ["", *(f"- {escaped(note)}" for note in found.notes)]
    return within("\n".join(lines) + "\n", limit)


def _table(frame: pd.DataFrame) -> list[str]:
    rows = [tuple(frame.columns), *frame.itertuples(index=False, name=None)]
    first, *others = (f"| {' | '.join(escaped(str(cell)) for cell in row)} |" for row in rows)
    return [first, "|---" * len(frame.columns) + "|", *others]
