"""One worker after another on the batches of one generator: what is overdue, what failed, what was lost.

The workers are processes of this machine (`local_slot`) or actors of a cluster (`ray_slot`).
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from vbench_lite.errors import StoreError
from vbench_lite.run.executors.batch_queue import FIRST_FAILURES, BatchQueue
from vbench_lite.run.executors.contract import CANCEL_GRACE_S, RecordSink
from vbench_lite.run.generate.batch import failure
from vbench_lite.run.generate.worker import Done, Loaded, LoadFailed, StorageLost, Working
from vbench_lite.run.plan.plan import Batch
from vbench_lite.run.worker_process import Settings
from vbench_lite.store.schema import NOT_TRIED, SampleRecord, SampleStatus


def _failures(
    batch: Batch, reason: str, phase: str, oom: bool = False, status: SampleStatus = SampleStatus.FAILED
) -> list[SampleRecord]:
    return [failure(batch, sample, reason, phase, oom, status=status) for sample in batch.samples]


@dataclass(frozen=True)
class Died:
    """A worker has ended by itself; `with_node`: its machine was lost with it."""

    reason: str
    oom: bool = False
    with_node: bool = False


class WorkerSlot(ABC):
    """Makes batches of one generator, over as many workers as that takes.

    Attributes:
        deadline_s: when, on the monotonic clock, the present load, batch or end is overdue.
        ended: it has nothing to do, and no worker is left.
        attempts: workers that a batch may end before it is taken to be the cause.
        nodes: machines that may be lost with a batch, before it is taken to be the cause.
    """

    attempts: ClassVar[int] = 1
    nodes: ClassVar[int] = 3

    def __init__(self, queue: BatchQueue, sink: RecordSink, settings: Settings) -> None:
        self.queue = queue
        self._sink, self._settings = sink, settings
        self._label = queue.entry.label
        self._batch: Batch | None = None
        self._asked = False  # to stop the present batch
        self._phase: str | None = None
        self._since_s = 0.0  # when the present load or batch began
        self.deadline_s = 0.0
        self.ended = False
        queue.slots += 1
        self._begin()

    # --- what a kind of worker does -------------------------------------------------------------

    @abstractmethod
    def _start(self) -> None:
        """Start a worker and have it load the generator."""

    @abstractmethod
    def _give(self, batch: Batch) -> None:
        """Have the worker make a batch."""

    @abstractmethod
    def _ask_to_stop(self) -> None:
        """Ask for the present batch to be left."""

    @abstractmethod
    def _message(self) -> Any:
        """The message that has come: of `generate.worker`, or `Died`."""

    @abstractmethod
    def kill(self) -> None:
        """End the worker, whatever it does."""

    # --- what happens ---------------------------------------------------------------------------

    def receive(self) -> None:
        """Take the message that has come, or the news that the worker has died.

        Raises:
            StoreError: the worker could not store what it made, which is no fault of the generator.
        """
        match self._message():
            case Loaded():
                self.queue.loaded(time.monotonic() - self._since_s)
                self._sink.working(self._label, "load", 1, 1)
                self._next()
            case LoadFailed(reason, oom, final):
                self._load_failed(reason, oom, final)
            case Working(phase, done, total):
                self._phase = phase or self._phase
                self._sink.working(self._label, phase, done, total)
            case StorageLost(reason):
                raise StoreError(reason)
            case Done(records):
                batch, self._batch = self._batch, None
                if batch is not None and records is not None:
                    self.queue.made(time.monotonic() - self._since_s)
                    self._finish(batch, records)
                elif batch is not None:
                    self._lose(batch, self._too_long("it stopped when asked"), SampleStatus.TIMEOUT)
                self._next()
            case Died() as died:
                self._died(died)

    def overdue(self) -> None:
        """Ask a batch that takes too long to stop; kill a worker that was asked, or that still loads."""
        batch = self._batch
        if batch is None:
            self._load_failed(f"no end of the load after {self._settings.load_timeout_s:g} s")
        elif not self._asked:
            self._asked = True
            self.deadline_s = time.monotonic() + CANCEL_GRACE_S
            self._ask_to_stop()
        else:
            self.kill()
            self._lose(batch, self._too_long("its process was killed"), SampleStatus.TIMEOUT)
            self._restart()

    def _begin(self) -> None:
        self._batch, self._asked, self._phase = None, False, None
        self._since_s = time.monotonic()
        self.deadline_s = self._since_s + self._settings.load_timeout_s
        self._sink.working(self._label, "load", 0, 1)
        self._start()

    def _restart(self) -> None:
        if self.queue.waiting:
            self._begin()
        else:
            self._end()

    def _next(self) -> None:
        batch = self.queue.take()
        if batch is None:
            self._leave()
            return
        self._batch, self._asked, self._phase = batch, False, None
        self._since_s = time.monotonic()
        self.deadline_s = self._since_s + self._settings.timeout_s
        self._give(batch)

    def _leave(self) -> None:
        """Nothing is left to make."""
        self.kill()
        self._end()

    def _died(self, died: Died) -> None:
        batch, self._batch = self._batch, None
        if batch is None:
            self._load_failed(died.reason, died.oom)
            return
        self.kill()
        lost = self.queue.lost(batch, died.with_node)
        if lost >= (self.nodes if died.with_node else self.attempts):
            what = "node" if died.with_node else "worker"
            reason = died.reason if lost == 1 else f"it ended {lost} {what}s, the last so: {died.reason}"
            self._lose(batch, reason, SampleStatus.FAILED, died.oom)
        else:
            self.queue.give_back(batch)
        self._restart()

    def _load_failed(self, reason: str, oom: bool = False, final: bool = False) -> None:
        self.kill()
        if self.queue.load_failed(final):
            self._begin()
            return
        self._phase = "load"
        if self.queue.slots == 1:  # no other worker of this generator is at work
            for batch in self.queue.take_all():
                self._lose(batch, reason, SampleStatus.FAILED, oom)
        self._end()

    def _end(self) -> None:
        self.queue.slots -= 1
        self.ended = True

    def _lose(self, batch: Batch, reason: str, status: SampleStatus, oom: bool = False) -> None:
        """Record that a batch came to nothing; the next one goes on."""
        self._batch = None
        phase = self._phase or "generate"
        self._finish(batch, _failures(batch, reason, phase, oom, status))

    def _finish(self, batch: Batch, records: Sequence[SampleRecord]) -> None:
        """Hand over what became of a batch; after three that failed alike at the start, give up the rest."""
        self._sink.finished(batch, records)
        cause = self.queue.stops_after(records)
        if cause is None or self._settings.keep_going:
            return
        why = f"not tried: the first {FIRST_FAILURES} requests failed by: {cause}"
        for rest in self.queue.take_all():
            self._sink.finished(rest, _failures(rest, why, NOT_TRIED))

    def _too_long(self, how: str) -> str:
        return f"no end after {self._settings.timeout_s:g} s; {how}"


Slot = TypeVar("Slot", bound=WorkerSlot)


def run_slots(
    queues: Sequence[BatchQueue],
    open_slot: Callable[[BatchQueue, Sequence[Slot]], Slot | None],
    answered: Callable[[Sequence[Slot], float], Collection[Slot]],
) -> None:
    """Make all batches of all generators; every worker is ended when this is left, however it is left.

    Args:
        open_slot: a slot for a generator beside those that are open, or None while there is no room.
        answered: waits up to so many seconds for a message, and returns the slots that have one.
    """
    slots: list[Slot] = []
    try:
        while True:
            while (slot := _most_needed(queues, open_slot, slots)) is not None:
                slots.append(slot)
            if not slots:
                return
            pause_s = max(0.0, min(slot.deadline_s for slot in slots) - time.monotonic())
            ready = answered(slots, pause_s)
            for slot in slots:
                if slot in ready:
                    slot.receive()
                elif time.monotonic() >= slot.deadline_s:
                    slot.overdue()
            slots = [slot for slot in slots if not slot.ended]
    finally:
        for slot in slots:
            slot.kill()


def _most_needed(
    queues: Sequence[BatchQueue],
    open_slot: Callable[[BatchQueue, Sequence[Slot]], Slot | None],
    slots: Sequence[Slot],
) -> Slot | None:
    """A slot for the generator that needs one most: those without any first, in order."""
    worth = [queue for queue in queues if queue.worth_another()]
    for queue in sorted(worth, key=lambda queue: (queue.slots > 0, -queue.waiting / (queue.slots + 1))):
        slot = open_slot(queue, slots)
        if slot is not None:
            return slot
    return None
