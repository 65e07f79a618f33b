"""One actor after another on the batches of one generator: what came in, what is overdue, what was lost."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

from vbench_lite.errors import StoreError
from vbench_lite.run.executors.contract import CANCEL_GRACE_S, Settings, Sink
from vbench_lite.run.executors.work import Work
from vbench_lite.run.generate.batch import failure
from vbench_lite.run.generate.worker import Done, Loaded, LoadFailed, StorageLost
from vbench_lite.run.plan.plan import Batch
from vbench_lite.store.schema import SampleStatus

DEATHS = 2  # of processes on living nodes, after which a batch is lost


class RayLane:
    """Makes batches of one generator in an actor; as `lane.Lane` does in a process of this machine.

    Attributes:
        answer: the reference that its present load or batch will come by.
        deadline_s: when, on the monotonic clock, that is overdue.
        ended: it has nothing to do, and no actor is left.
    """

    def __init__(self, ray: Any, host: Any, work: Work, sink: Sink, settings: Settings, mark: Path) -> None:
        self._ray, self._host, self.work = ray, host, work
        self._sink, self._settings, self._mark = sink, settings, mark
        self._batch: Batch | None = None
        self._deaths: Counter[str] = Counter()
        self._asked = False
        self._since_s = 0.0
        self.deadline_s = 0.0
        self.ended = False
        work.lanes += 1
        self._start()

    def receive(self) -> None:
        """Take what has come.

        Raises:
            StoreError: a node could not store what it made, or does not see the root.
        """
        try:
            message = self._ray.get(self.answer)
        except self._ray.exceptions.RayError as error:
            self._lost(" ".join(str(error).split())[:300])
            return
        match message:
            case Loaded():
                self.work.loaded(time.monotonic() - self._since_s)
                self._sink.working(self.work.entry.label, "load", 1, 1)
                self._next()
            case LoadFailed(reason, oom, final):
                self._load_failed(reason, oom, final)
            case StorageLost(reason):
                raise StoreError(reason)
            case Done(records):
                batch, self._batch = self._batch, None
                if batch is not None and records is not None:
                    self.work.made(time.monotonic() - self._since_s)
                    self._sink.finished(batch, records)
                elif batch is not None:
                    self._lose(batch, self._too_long("it stopped when asked"), SampleStatus.TIMEOUT)
                self._next()

    def overdue(self) -> None:
        """Ask a batch that takes too long to stop; end its actor when it was asked or still loads."""
        if self._batch is None:
            self._load_failed(f"no end of the load after {self._settings.load_timeout_s:g} s", False, False)
        elif not self._asked:
            self._asked = True
            self.deadline_s = time.monotonic() + CANCEL_GRACE_S
            self._actor.cancel.remote()
        else:
            self._lose(self._batch, self._too_long("its process was killed"), SampleStatus.TIMEOUT)
            self._restart()

    def kill(self) -> None:
        """End the actor, whatever it does."""
        self._ray.kill(self._actor)

    def _start(self) -> None:
        self._batch = None
        self._since_s = time.monotonic()
        self.deadline_s = self._since_s + self._settings.load_timeout_s
        self._sink.working(self.work.entry.label, "load", 0, 1)
        self._actor = self._host.remote(self.work.entry, self._settings, self._mark)
        self.answer = self._actor.load.remote()

    def _restart(self) -> None:
        self.kill()
        if self.work.waiting:
            self._start()
        else:
            self._end()

    def _next(self) -> None:
        batch = self.work.take()
        if batch is None:
            self.kill()
            self._end()
            return
        self._batch, self._asked = batch, False
        self._since_s = time.monotonic()
        self.deadline_s = self._since_s + self._settings.timeout_s
        self.answer = self._actor.make.remote(batch)

    def _lost(self, reason: str) -> None:
        """The actor is gone, with its node or alone."""
        batch, self._batch = self._batch, None
        if batch is None:
            self._load_failed(reason, False, False)
            return
        if not self._node_died(reason):
            self._deaths[batch.key] += 1
        if self._deaths[batch.key] >= DEATHS:
            text = f"it ended {DEATHS} Ray workers, the last so: {reason}"
            self._lose(batch, text, SampleStatus.FAILED)
        else:
            self.work.give_back(batch)
        self._restart()

    def _node_died(self, reason: str) -> bool:
        return "node" in reason and ("died" in reason or "dead" in reason or "terminated" in reason)

    def _load_failed(self, reason: str, oom: bool, final: bool) -> None:
        self.kill()
        if self.work.load_failed(final):
            self._start()
            return
        if self.work.lanes == 1:
            for batch in self.work.take_all():
                self._lose(batch, reason, SampleStatus.FAILED, "load", oom)
        self._end()

    def _end(self) -> None:
        self.work.lanes -= 1
        self.ended = True

    def _lose(
        self, batch: Batch, reason: str, status: SampleStatus, phase: str = "generate", oom: bool = False
    ) -> None:
        self._batch = None
        records = [failure(batch, sample, reason, phase, oom, status=status) for sample in batch.samples]
        self._sink.finished(batch, records)

    def _too_long(self, how: str) -> str:
        return f"no end after {self._settings.timeout_s:g} s; {how}"
