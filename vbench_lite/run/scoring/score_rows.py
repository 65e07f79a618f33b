"""Score rows of a run: what is there already, and writing what is not."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from vbench_lite.grouping import grouped
from vbench_lite.metric import MetricInfo
from vbench_lite.run.scoring.outcome import Outcome
from vbench_lite.store.columns import Places, flags, texts
from vbench_lite.store.journal import JournalWriter
from vbench_lite.store.schema import Level, ScoreRecord, ScoreStatus

if TYPE_CHECKING:
    from vbench_lite.store.rundir import RunDir

Row = Mapping[str, Any]
Key = tuple[str, ...]
_NUMBERS = re.compile(r"\d+(\.\d+)?")
_KEY = ("generator", "level", "metric", "sample_id")


@dataclass
class ScoreSummary:
    """What scoring did.

    Attributes:
        rows: how many rows were written, by status. kept: rows that were there already.
        decoded: clips of the run that were decoded.
        reasons: how often a metric had no value, by "metric: reason".
    """

    rows: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    decoded: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def errors(self) -> int:
        return self.rows[ScoreStatus.ERROR]

    @property
    def messages(self) -> list[str]:
        """One line for each cause of rows without a value; causes that differ in numbers alone are one."""
        alike = grouped((_alike(cause), (cause, count)) for cause, count in self.reasons.items())
        return [
            f"no value of {causes[0][0]}"
            + (", and the like" if len(causes) > 1 else "")
            + (f" ({total}x)" if (total := sum(count for _, count in causes)) > 1 else "")
            for causes in alike.values()
        ]


def _alike(cause: str) -> str:
    """A cause, "metric: reason", without the numbers of its reason."""
    metric, _, reason = cause.partition(": ")
    return f"{metric}: {_NUMBERS.sub('#', reason)}"


class ScoreRows:
    """The score rows of one suite in one run."""

    def __init__(self, suite: str, run: RunDir, journal: JournalWriter) -> None:
        self.suite = suite
        self.summary = ScoreSummary()
        self._journal = journal
        self._waiting: list[Mapping[str, Any]] = []
        table = run.table("score", ("status", "value", "reason", "fingerprint", "extras", "retry", "asked"))
        of_suite = texts(table, "suite").among(suite)
        # What scoring again under the same fingerprint might make otherwise is no final row.
        final = ~texts(table, "status").among(ScoreStatus.ERROR) & ~flags(table, "retry")
        self._stored: dict[Key, str] = {}
        places = np.flatnonzero(of_suite & final)
        for *key, text, asked in _cells(table, (*_KEY, "fingerprint", "asked"), places):
            self._stored[tuple(key)] = asked or text
        places = np.flatnonzero(of_suite & ~final)
        values = table.column("value").take(places).to_pylist()
        found = _cells(table, (*_KEY, "status", "reason", "fingerprint", "extras"), places)
        self._unsettled = {row[:4]: (*row[4:], value) for row, value in zip(found, values, strict=True)}

    def has(self, row: Row, level: Level, metric: str, fingerprint: str) -> bool:
        """Whether this very measurement is there; it is counted as kept then."""
        key = (row["generator"], str(level), metric, row["sample_id"] or "")
        there = self._stored.get(key) == fingerprint
        self.summary.kept += there
        return there

    def write(
        self,
        row: Row,
        level: Level,
        metric: str,
        outcome: Outcome,
        fingerprint: str,
        *,
        info: MetricInfo | None = None,
        extras: Mapping[str, Any] | None = None,
        **columns: Any,
    ) -> None:
        """Add a row, to be stored by `flush`.

        Args:
            row: names generator, sample_id and prompt_id.
            columns: further ones: low, high, n ...
        """
        facts: dict[str, Any] = dict(extras or {})
        if info is not None:  # so that the number can be read where the metric is not installed
            facts |= {"unit": info.unit, "higher_is_better": info.higher_is_better}
        if outcome.note is not None:
            facts["note"] = outcome.note
        record = ScoreRecord(
            generator=row["generator"],
            suite=self.suite,
            level=level,
            metric=metric,
            status=outcome.status,
            value=outcome.value,
            sample_id=row["sample_id"],
            prompt_id=row["prompt_id"],
            reason=outcome.reason,
            fingerprint=fingerprint,
            extras=json.dumps(facts, sort_keys=True, allow_nan=False),
            series=[list(point) for point in outcome.series] or None,
            weight=None if outcome.weight == 1.0 else outcome.weight,
            retry=outcome.retry,
            **columns,
        )
        if outcome.reason is not None:
            self.summary.reasons[f"{metric}: {outcome.reason}"] += 1
        key = (record.generator, str(level), metric, record.sample_id or "")
        content = (str(record.status), record.reason or "", fingerprint, record.extras, record.value)
        if self._unsettled.get(key) == content:  # it ended as it did before
            self.summary.kept += 1
            return
        self._waiting.append({"kind": "score", **record.as_dict()})
        self.summary.rows[outcome.status] += 1

    def flush(self) -> None:
        """Store the rows that were added; the disk is waited for once for all of them."""
        self._journal.extend(self._waiting)
        self._waiting = []


def _cells(table: pa.Table, names: Sequence[str], places: Places) -> Iterator[tuple[str, ...]]:
    """Texts of some rows, a tuple a row."""
    return zip(*(texts(table, name).of(places) for name in names), strict=True)
