"""Score rows of a run: what is there already, and writing what is not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from vbench_lite.metric import MetricInfo
from vbench_lite.run.scoring.outcome import Outcome
from vbench_lite.store.columns import texts
from vbench_lite.store.journal import JournalWriter
from vbench_lite.store.schema import Level, ScoreRecord, ScoreStatus

if TYPE_CHECKING:
    from vbench_lite.store.rundir import RunDir

Row = Mapping[str, Any]


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
        """One line for each cause of rows without a value."""
        return [f"{reason} ({count}x)" if count > 1 else reason for reason, count in self.reasons.items()]


class ScoreRows:
    """The score rows of one suite in one run."""

    def __init__(self, suite: str, run: RunDir, journal: JournalWriter) -> None:
        self.suite = suite
        self.summary = ScoreSummary()
        self._journal = journal
        table = run.table("score", ("status", "fingerprint", "extras"))
        final = texts(table, "suite").among(suite) & ~texts(table, "status").among(ScoreStatus.ERROR)
        extras = texts(table, "extras")
        # What scoring again under the same fingerprint might make otherwise is no final row.
        final &= ~np.isin(extras.codes, [code for code, text in enumerate(extras.names) if _again(text)])
        names = ("generator", "level", "metric", "sample_id", "fingerprint")
        rows = zip(*(texts(table, name).of(np.flatnonzero(final)) for name in names), strict=True)
        self._stored = {tuple(key): fingerprint for *key, fingerprint in rows}

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
        **estimate: Any,
    ) -> None:
        """Append a row; `row` names generator, sample_id and prompt_id; `estimate` is low, high, n ..."""
        facts: dict[str, Any] = dict(extras or {})
        if info is not None:  # so that the number can be read where the metric is not installed
            facts |= {"unit": info.unit, "higher_is_better": info.higher_is_better}
        if outcome.retry:
            facts["retry"] = True
        if outcome.weight != 1.0:
            facts["weight"] = outcome.weight
        if outcome.note is not None:
            facts["note"] = outcome.note
        if outcome.series:
            facts["series"] = [list(point) for point in outcome.series]
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
            **estimate,
        )
        self._journal.append({"kind": "score", **record.as_dict()})
        self.summary.rows[outcome.status] += 1
        if outcome.reason is not None:
            self.summary.reasons[f"{metric}: {outcome.reason}"] += 1


def _again(extras: str) -> bool:
    return bool('"retry"' in extras and json.loads(extras).get("retry", False))
