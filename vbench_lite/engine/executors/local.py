"""Batches made in worker processes of this machine, one generator a process.

By default one process works at a time: generators that run beside each other would share the processor,
and their times would say more of each other than of themselves. With more workers, generators run beside
each other; clips stay the same, and the performance pass has processes of its own.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from multiprocessing import connection

from vbench_lite.engine.batch import failure
from vbench_lite.engine.executors.contract import Executor, Job, Settings, Sink
from vbench_lite.engine.executors.process import WorkerProcess
from vbench_lite.engine.plan import Batch
from vbench_lite.engine.worker import Cancel, Done, Loaded, LoadFailed, Working
from vbench_lite.store.schema import SampleStatus

CANCEL_GRACE_S = 2.0  # for a batch that was asked to stop, before its process is killed
LOAD_ATTEMPTS = 3


class LocalExecutor(Executor):
    """Runs up to `workers` generators beside each other, each in a process of its own."""

    def __init__(self, workers: int = 1) -> None:
        if workers < 1:
            raise ValueError(f"at least one worker is needed, got {workers}")
        self.workers = workers

    def execute(self, jobs: Sequence[Job], sink: Sink, settings: Settings) -> None:
        """Make all batches; worker processes are ended when this is left, however it is left."""
        waiting = deque(job for job in jobs if job.batches)
        lanes: list[_Lane] = []
        try:
            while waiting or lanes:
                while waiting and len(lanes) < self.workers:
                    lanes.append(_Lane(waiting.popleft(), sink, settings))
                pause_s = max(0.0, min(lane.deadline_s for lane in lanes) - time.monotonic())
                ready = connection.wait([lane.process.pipe for lane in lanes], timeout=pause_s)
                for lane in lanes:
                    if lane.process.pipe in ready:
                        lane.receive()
                    elif time.monotonic() >= lane.deadline_s:
                        lane.overdue()
                lanes = [lane for lane in lanes if not lane.ended]
        finally:
            for lane in lanes:
                lane.process.end(kill=True)


class _Lane:
    """One generator on its way through its batches, over as many processes as that takes.

    Attributes:
        deadline_s: when, on the monotonic clock, the present load or batch is overdue.
        ended: every batch has its records, and no process is left.
    """

    def __init__(self, job: Job, sink: Sink, settings: Settings) -> None:
        self._entry, self._sink, self._settings = job.entry, sink, settings
        self._left = deque(job.batches)
        self._failed_loads = 0
        self._batch: Batch | None = None
        self._asked = False  # to stop the present batch
        self._phase: str | None = None
        self.deadline_s = 0.0
        self.ended = False
        self.process = self._start()

    def receive(self) -> None:
        """Take one message, or the news that the process has died."""
        match self.process.receive():
            case Loaded():
                self._failed_loads = 0
                self._sink.working(self._entry.label, "load", 1, 1)
                self._next()
            case LoadFailed(reason, oom, final):
                self._load_failed(reason, oom, final)
            case Working(phase, done, total):
                self._phase = phase or self._phase
                self._sink.working(self._entry.label, phase, done, total)
            case Done(records):
                batch, self._batch = self._batch, None
                if batch is not None and records is not None:
                    self._left.popleft()
                    self._sink.finished(batch, records)
                elif batch is not None:
                    self._lose(batch, self._too_long("; it stopped when asked"), SampleStatus.TIMEOUT)
                self._next()
            case _:
                self._died()

    def overdue(self) -> None:
        """Ask a batch that takes too long to stop; kill the process when it was asked or still loads."""
        batch = self._batch
        if batch is None:
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
        self.deadline_s = time.monotonic() + self._settings.load_timeout_s
        self._sink.working(self._entry.label, "load", 0, 1)
        return WorkerProcess(self._entry, self._settings)

    def _restart(self) -> None:
        if self._left:
            self.process = self._start()
        else:
            self.ended = True

    def _next(self) -> None:
        if not self._left:
            self.process.end()
            self.ended = True
            return
        self._batch, self._asked, self._phase = self._left[0], False, None
        self.deadline_s = time.monotonic() + self._settings.timeout_s
        self.process.send(self._batch)

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
        self._failed_loads += 1
        if not final and self._failed_loads < LOAD_ATTEMPTS:
            self.process = self._start()
            return
        self._phase = "load"
        for batch in list(self._left):
            self._lose(batch, reason, SampleStatus.FAILED, oom)
        self.ended = True

    def _lose(self, batch: Batch, reason: str, status: SampleStatus, oom: bool = False) -> None:
        """Record that a batch came to nothing; the next one goes on."""
        self._left.popleft()
        self._batch = None
        phase = self._phase or "generate"
        records = [failure(batch, sample, reason, phase, oom, status=status) for sample in batch.samples]
        self._sink.finished(batch, records)

    def _too_long(self, how: str) -> str:
        return f"no end after {self._settings.timeout_s:g} s{how}"
