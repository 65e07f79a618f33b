"""What the pages show of runs, as plain tables: which runs there are, the board as frames, alerts.

The board, its intervals, ranks and trust come from `report.board`; here they are only laid out. Imports
no streamlit. Nothing here changes a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from vbench_lite.dashboard.theme import axis_order
from vbench_lite.errors import VBenchLiteError
from vbench_lite.store.rundir import RunDir, list_runs
from vbench_lite.store.schema import GeneratorEntry, RunDocument

VALUE_COLUMNS = (
    "generator",
    "family",
    "run",
    "kind",
    "name",
    "value",
    "low",
    "high",
    "n",
    "unit",
    "higher_is_better",
    "control",
    "ranked",
)


@dataclass(frozen=True)
class RunSummary:
    """One readable run of a root.

    Attributes:
        created: ISO 8601, UTC.
        generators: labels, controls left out.
        suites: names with versions.
        samples: asked for from each generator.
    """

    run_id: str
    status: str
    created: str
    finished: str | None
    generators: tuple[str, ...]
    suites: tuple[str, ...]
    samples: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Index:
    """Every run under a root: `runs` newest first, `damaged` as (folder name, reason)."""

    runs: tuple[RunSummary, ...]
    damaged: tuple[tuple[str, str], ...]

    def run(self, run_id: str) -> RunSummary:
        """The summary of one run. Raises KeyError for an unknown id."""
        return next(r for r in self.runs if r.run_id == run_id)


@dataclass(frozen=True)
class Alert:
    """Something a reader must know before trusting a number: level is "error", "warning" or "info"."""

    level: str
    text: str


@dataclass(frozen=True)
class BoardTable:
    """A board as two frames.

    Attributes:
        arms: one row a generator or control: generator, family, run, control, ranked, coverage, low and
            high rank for each axis in `ranks`.
        values: VALUE_COLUMNS, one row for each measure of each arm that has one.
        untrusted: measure id to reason.
        axes: axes that occur, in the order of display.
    """

    arms: pd.DataFrame
    values: pd.DataFrame
    untrusted: Mapping[str, str]
    axes: tuple[str, ...]

    def measures(self) -> list[str]:
        """Axes, then metric ids, that at least one arm has a value of."""
        metrics = self.values.loc[self.values["kind"] == "metric", "name"]
        return [*self.axes, *sorted(set(metrics))]

    def of(self, measure: str) -> pd.DataFrame:
        """The rows of one measure."""
        return self.values[self.values["name"] == measure]
