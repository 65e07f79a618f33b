"""Batches made in worker processes of this machine.

By default generators queue: beside each other they would share the memory and the processor, and their times
would say more of each other than of themselves. Scoring has no such times, and takes every core. With more
workers, generators run beside
each other, and the batches of one generator are spread over the workers that are left. The batch is the
unit, so clips stay the same, and the performance pass has processes of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from multiprocessing import connection

import psutil

from vbench_lite.measure.hardware import usable_cores
from vbench_lite.run.executors.batch_queue import BatchQueue
from vbench_lite.run.executors.contract import Executor, Job, RecordSink
from vbench_lite.run.executors.devices import Devices
from vbench_lite.run.executors.local_slot import LocalSlot
from vbench_lite.run.executors.scorers import Scorers
from vbench_lite.run.executors.worker_slot import run_slots
from vbench_lite.run.networks import CPU
from vbench_lite.run.scoring.score_part import Part, PartScores, Tools
from vbench_lite.run.worker_process import Settings

SCORER_FRAMES = 2000  # below so many for each process, its start costs more than it saves
SCORER_BYTES = 4 * 2**30  # of memory, for the networks of a process


class LocalExecutor(Executor):
    """Runs up to `workers` processes, each with one generator."""

    def execute(self, jobs: Sequence[Job], sink: RecordSink, settings: Settings) -> None:
        devices = Devices(self.workers)

        def open_slot(queue: BatchQueue, _slots: Sequence[LocalSlot]) -> LocalSlot | None:
            device = devices.take(queue.entry.device)
            return None if device is None else LocalSlot(queue, devices, device, sink, settings)

        run_slots([BatchQueue(job) for job in jobs if job.batches], open_slot, _answered)

    def scorers(self, frames: int, device: str = CPU) -> int:
        """As many as were asked for; else one a core, where there is work and memory for so many.

        An accelerator is one process's: another would hold the same networks beside it.
        """
        if self.chosen or device != CPU:
            return self.workers
        room = psutil.virtual_memory().available // SCORER_BYTES
        return max(1, min(usable_cores(), frames // SCORER_FRAMES, room))

    def score(
        self, parts: Iterable[Part], settings: Settings, tools: Tools, scorers: int = 1
    ) -> Iterator[PartScores]:
        """Score every part, in order; a single one in this process, which saves another start."""
        if scorers == 1:
            return super().score(parts, settings, tools)
        return Scorers(scorers, settings, tools).score(parts)


def _answered(slots: Sequence[LocalSlot], pause_s: float) -> Collection[LocalSlot]:
    ready = connection.wait([slot.process.pipe for slot in slots], timeout=pause_s)
    return [slot for slot in slots if slot.process.pipe in ready]
