"""Where finished batches go: into the journal, and into what the user sees."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from vbench_lite.run.plan.plan import Batch
from vbench_lite.run.progress import Event, Progress, TimeLeft
from vbench_lite.secrets import redact, redacted
from vbench_lite.store.journal import JournalWriter
from vbench_lite.store.sample_lines import SampleKey
from vbench_lite.store.schema import NOT_TRIED, SampleRecord, SampleStatus
from vbench_lite.store.storable import Unstorable, fitted


class Recorder:
    """Takes records into the journal, each sample once, and tells how far the plan is.

    Args:
        recorded: samples that are there already.
        planned: samples in all.
        lost: those of `recorded` that have to be made again.

    Attributes:
        worked: generators that have made a clip, or of which there were records already.
    """

    def __init__(
        self,
        journal: JournalWriter,
        recorded: Iterable[SampleKey],
        planned: int,
        progress: Progress,
        lost: Collection[SampleKey] = (),
    ) -> None:
        self._journal, self._planned, self._progress = journal, planned, progress
        self._recorded = set(recorded).difference(lost)  # takes hashes over that a dict of them has
        self.worked = {generator for generator, _, _ in self._recorded}
        self._stopped: set[str] = set()
        self._left = TimeLeft({})
        self._since_s: dict[str, float] = {}

    def has(self, batch: Batch) -> bool:
        """Whether every sample of a batch has its record."""
        generator, suite = batch.generator, batch.suite
        return self._recorded.issuperset([(generator, suite, sample.sample_id) for sample in batch.samples])

    def recorded(self, generator: str, sample_id: str, suites: Iterable[str]) -> bool:
        """Whether a sample has its record under one of some suites."""
        return any((generator, suite, sample_id) in self._recorded for suite in suites)

    def expect(self, batches: Sequence[Batch]) -> None:
        """Estimate the time that these will take."""
        self._left = TimeLeft(Counter(batch.generator for batch in batches))
        self._since_s.clear()

    def record(self, record: SampleRecord) -> None:
        """Append a record unless its sample has one, as after a kill in the middle of a batch."""
        key = (record.generator, record.suite, record.sample_id)
        if key in self._recorded:
            return
        record = replace(
            record, reason=redacted(record.reason), facts=redact(record.facts), phase=redacted(record.phase)
        )
        record = _storable(record)
        self._journal.append({"kind": "sample", **record.as_dict()})
        self._recorded.add(key)
        if record.status == SampleStatus.OK:
            self.worked.add(record.generator)
        elif record.phase == NOT_TRIED:  # one line for all that a generator was not asked
            if record.generator not in self._stopped:
                self._stopped.add(record.generator)
                self._tell(
                    f"{record.generator} is stopped; {record.reason}; --keep-going tries the rest",
                    lasting=True,
                )
        else:
            self._tell(
                f"{record.generator} {record.sample_id} {record.status}: {record.reason}", lasting=True
            )

    def finished(self, batch: Batch, records: Sequence[SampleRecord]) -> None:
        """Take the records of a batch that has just been made (`RecordSink`)."""
        for record in records:
            self.record(record)
        now_s = time.monotonic()
        self._left.made(batch.generator, now_s - self._since_s.get(batch.generator, now_s))
        self._since_s[batch.generator] = now_s
        self._tell(f"{batch.generator} {batch.samples[-1].sample_id}")

    def working(self, generator: str, phase: str, done: int, total: int) -> None:
        """Take news from within a batch (`RecordSink`)."""
        now_s = time.monotonic()
        if phase == "load" and done == 0:
            self._since_s[generator] = now_s
        elif phase == "load":
            self._left.loaded(generator, now_s - self._since_s[generator])
            self._since_s[generator] = now_s
        self._tell(f"{generator} {phase} {done}/{total}")

    def _tell(self, text: str, *, lasting: bool = False) -> None:
        done, remaining_s = len(self._recorded), self._left.remaining_s()
        self._progress.on_event(Event("generate", text, done, self._planned, remaining_s, lasting))


def _storable(record: SampleRecord) -> SampleRecord:
    """The record, or that of a sample that failed: what its generator told of it cannot be stored."""
    while True:
        try:
            fitted({"kind": "sample", **record.as_dict()})
        except Unstorable as error:
            told: dict[str, Any] = {"status": SampleStatus.FAILED, "phase": "store", "clip_sha256": None}
            told |= {error.field: None, "reason": f"cannot be stored: {error}"}
            record = replace(record, **told)
        else:
            return record
