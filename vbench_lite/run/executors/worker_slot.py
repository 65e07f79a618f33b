"""One worker process after another on the batches of one generator: what is overdue, what died."""

from __future__ import annotations

import os
import time

from vbench_lite.errors import StoreError
from vbench_lite.run.child import Stop
from vbench_lite.run.executors.contract import CANCEL_GRACE_S, Settings, Sink
from vbench_lite.run.executors.places import Place
from vbench_lite.run.executors.process import STOP_GRACE_S, WorkerProcess
from vbench_lite.run.executors.work import Work
from vbench_lite.run.generate.batch import failure
from vbench_lite.run.generate.worker import Cancel, Done, Loaded, LoadFailed, Setup, StorageLost, Working
from vbench_lite.run.plan.plan import Batch
from vbench_lite.store.schema import SampleStatus


class Lane:
    """Makes batches of one generator, over as many processes as that takes.

    Attributes:
        place: where its processes run.
        deadline_s: when, on the monotonic clock, the present load, batch or end is overdue.
        ended: it has nothing to do, and no process is left.
    """

    def __init__(self, work: Work, place: Place, sink: Sink, settings: Settings) -> None:
        self.work, self.place = work, place
        self._sink, self._settings = sink, settings
        self._label = work.entry.label
        self._batch: Batch | None = None
        self._asked = False  # to stop the present batch
        self._leaving = False  # its process was told to end, since nothing is left to make
        self._phase: str | None = None
        self._since_s = 0.0  # when the present load or batch began
        self.deadline_s = 0.0
        self.ended = False
        work.lanes += 1
        self.process = self._start()

    def receive(self) -> None:
        """Take one message, or the news that the process has died.

        Raises:
            StoreError: the worker could not store what it made, which is no fault of the generator.
        """
        match self.process.receive():
            case Loaded():
                self.work.loaded(time.monotonic() - self._since_s)
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
                    self.work.made(time.monotonic() - self._since_s)
                    self._sink.finished(batch, records)
                elif batch is not None:
                    self._lose(batch, self._too_long("; it stopped when asked"), SampleStatus.TIMEOUT)
                self._next()
            case _ if self._leaving:
                self._left()
            case _:
                self._died()

    def overdue(self) -> None:
        """Ask a batch that takes too long to stop; kill a process that was asked, or that loads or ends."""
        batch = self._batch
        if self._leaving:
            self._left()
        elif batch is None:
            self._load_failed(f"no end of the load after {self._settings.load_timeout_s:g} s", False, False)
        elif not self._asked:
            self._asked = True
            self.deadline_s = time.monotonic() + CANCEL_GRACE_S
            self.process.send(Cancel())
        else:
            self.process.end(kill=True)
            self._lose(batch, self._too_long("; its process was killed"), SampleStatus.TIMEOUT)
            self._restart()

    def _start(self) -> WorkerProcess:
        self._batch, self._asked, self._phase = None, False, None
        self._since_s = time.monotonic()
        self.deadline_s = self._since_s + self._settings.load_timeout_s
        self._sink.working(self._label, "load", 0, 1)
        settings, entry = self._settings, self.work.entry
        process = WorkerProcess(
            "generate.worker", entry.label, settings.logs, settings.threads, dict(self.place.environment)
        )
        process.send(Setup(entry, settings.root, settings.threads, os.getpid(), settings.memory_bytes))
        return process

    def _restart(self) -> None:
        if self.work.waiting:
            self.process = self._start()
        else:
            self._end()

    def _next(self) -> None:
        batch = self.work.take()
        if batch is None:
            self._leave()
            return
        self._batch, self._asked, self._phase = batch, False, None
        self._since_s = time.monotonic()
        self.deadline_s = self._since_s + self._settings.timeout_s
        self.process.send(batch)

    def _leave(self) -> None:
        """Have the process end by itself; the others go on meanwhile."""
        self._leaving = True
        self.deadline_s = time.monotonic() + STOP_GRACE_S
        self.process.send(Stop())

    def _left(self) -> None:
        self.process.end(kill=True)  # what it started ends with it
        self._end()

    def _died(self) -> None:
        reason, oom = self.process.death()
        batch = self._batch
        if batch is None:
            self._load_failed(reason, oom, False)
            return
        self.process.end(kill=True)
        self._lose(batch, reason, SampleStatus.FAILED, oom)
        self._restart()

    def _load_failed(self, reason: str, oom: bool, final: bool) -> None:
        self.process.end(kill=True)
        if self.work.load_failed(final):
            self.process = self._start()
            return
        self._phase = "load"
        if self.work.lanes == 1:  # no other process of this generator is at work
            for batch in self.work.take_all():
                self._lose(batch, reason, SampleStatus.FAILED, oom)
        self._end()

    def _end(self) -> None:
        self.work.lanes -= 1
        self.ended = True

    def _lose(self, batch: Batch, reason: str, status: SampleStatus, oom: bool = False) -> None:
        """Record that a batch came to nothing; the next one goes on."""
        self._batch = None
        phase = self._phase or "generate"
        records = [failure(batch, sample, reason, phase, oom, status=status) for sample in batch.samples]
        self._sink.finished(batch, records)

    def _too_long(self, how: str) -> str:
        return f"no end after {self._settings.timeout_s:g} s{how}"
