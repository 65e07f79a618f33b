"""Batches made in worker processes of this machine.

By default one process queues at a time: generators that run beside each other would share the processor,
and their times would say more of each other than of themselves. With more workers, generators run beside
each other, and the batches of one generator are spread over the workers that are left. The batch is the
unit, so clips stay the same, and the performance pass has processes of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from multiprocessing import connection

from vbench_lite.run.executors.batch_queue import BatchQueue
from vbench_lite.run.executors.contract import Executor, Job, RecordSink
from vbench_lite.run.executors.devices import Devices
from vbench_lite.run.executors.local_slot import LocalSlot
from vbench_lite.run.executors.scorers import Scorers
from vbench_lite.run.executors.worker_slot import run_slots
from vbench_lite.run.scoring.score_part import Part, PartScores, Tools
from vbench_lite.run.worker_process import Settings


class LocalExecutor(Executor):
    """Runs up to `workers` processes, each with one generator."""

    def execute(self, jobs: Sequence[Job], sink: RecordSink, settings: Settings) -> None:
        devices = Devices(self.workers)

        def open_slot(queue: BatchQueue, _slots: Sequence[LocalSlot]) -> LocalSlot | None:
            device = devices.take(queue.entry.device)
            return None if device is None else LocalSlot(queue, devices, device, sink, settings)

        run_slots([BatchQueue(job) for job in jobs if job.batches], open_slot, _answered)

    def score(self, parts: Iterable[Part], settings: Settings, tools: Tools) -> Iterator[PartScores]:
        """Score every part, in order; with one worker in this process, which saves another start."""
        if self.workers == 1:
            return super().score(parts, settings, tools)
        return Scorers(self.workers, settings, tools).score(parts)


def _answered(slots: Sequence[LocalSlot], pause_s: float) -> Collection[LocalSlot]:
    ready = connection.wait([slot.process.pipe for slot in slots], timeout=pause_s)
    return [slot for slot in slots if slot.process.pipe in ready]
