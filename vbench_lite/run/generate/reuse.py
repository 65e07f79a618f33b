"""Clips that are there already: of this run before it was stopped, or of an earlier one.

A clip follows from a generator's fingerprint, the environment, the hardware, and the requests that shared
its batch. Where all of these are equal and the clip is in the pool, making it again could only cost time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from vbench_lite.errors import StoreError
from vbench_lite.run.plan.plan import Batch
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir, read_runs
from vbench_lite.store.schema import GeneratorEntry, RunDocument, SampleRecord

Key = tuple[str, str, str, str]  # label, fingerprint, batch key, sample


class ReusableClips:
    """Finished samples by what they follow from; only those that could serve one of the pending batches.

    A label must be equal too: the same generator listed twice, to see how far two equal arms differ, must
    really run twice.

    Attributes:
        wanted: (label, sample) of the samples that are asked for.
    """

    def __init__(self, pool: Pool, pending: Iterable[Batch]) -> None:
        self._pool = pool
        self.wanted = {(batch.generator, sample.sample_id) for batch in pending for sample in batch.samples}
        self._found: dict[Key, SampleRecord] = {}

    def add(
        self, entries: Iterable[GeneratorEntry], rows: Iterable[dict[str, Any]], source: str | None
    ) -> None:
        """Offer the samples of a run; `source` is its id, or None for the run itself."""
        fingerprints = {entry.label: entry.fingerprint for entry in entries}
        for row in rows:
            record = SampleRecord(**row)
            if None in (record.clip_sha256, record.batch_key) or record.generator not in fingerprints:
                continue
            if source is not None:
                record = replace(record, reused_from=source)
            key = (record.generator, fingerprints[record.generator], str(record.batch_key), record.sample_id)
            self._found.setdefault(key, record)

    def take(self, entry: GeneratorEntry, batch: Batch) -> list[SampleRecord] | None:
        """The records of a batch as this run will hold them, or None unless every clip is there."""
        records = []
        for sample in batch.samples:
            found = self._found.get((entry.label, entry.fingerprint, batch.key, sample.sample_id))
            if found is None or found.clip_sha256 is None or not self._pool.has(found.clip_sha256):
                return None
            records.append(
                replace(
                    found,
                    suite=batch.suite,
                    prompt_id=sample.prompt_id,
                    requested_frames=sample.asked.num_frames,
                    requested_height=sample.asked.height,
                    requested_width=sample.asked.width,
                )
            )
        return records


def earlier_runs(
    root: Path, own: RunDocument, wanted: Collection[tuple[str, str]], problems: list[str]
) -> Iterator[tuple[RunDocument, list[dict[str, Any]]]]:
    """Runs under the root, newest first, whose clips this run could reuse, with their samples.

    Args:
        wanted: (label, sample) of the samples to read.

    A run that cannot be read is left out and `problems` says so.
    """
    ours = {(entry.label, entry.fingerprint) for entry in own.generators}
    for document in read_runs(root)[0]:
        run = RunDir(root, document.run_id)
        same_world = document.environment == own.environment and document.hardware == own.hardware
        offered = {(entry.label, entry.fingerprint) for entry in document.generators}
        if run.run_id == own.run_id or not same_world or not offered & ours:
            continue
        try:
            yield document, run.samples_of(wanted)
        except StoreError as error:
            problems.append(f"no clips were reused from run {run.run_id}: {error}")
