"""The process that holds one generator: loads it, makes one batch after another, ends with its runner.

It takes a `Setup`, then batches; it answers with `Loaded` or `LoadFailed`, then `Working` messages and one
`Done` a batch.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from vbench_lite.errors import StoreError, VBenchLiteError, is_out_of_memory, one_line
from vbench_lite.generator import Generator
from vbench_lite.measure.call_clock import call_clock
from vbench_lite.processes import pin_threads
from vbench_lite.run.generate.batch import run_batch
from vbench_lite.run.plan.build import build_generator
from vbench_lite.run.plan.plan import Batch
from vbench_lite.run.worker_process import Stop, listen
from vbench_lite.store.pool import Pool
from vbench_lite.store.schema import GeneratorEntry, SampleRecord

REPORT_INTERVAL_S = 0.1  # between two progress messages of one phase


@dataclass(frozen=True)
class Setup:
    """The first message: what to load, and where clips go."""

    entry: GeneratorEntry
    root: Path
    threads: int


@dataclass(frozen=True)
class Loaded:
    """The generator is ready; `node` is the machine of a cluster that holds it."""

    node: str | None = None


@dataclass(frozen=True)
class LoadFailed:
    """The generator could not be loaded; `final` if trying again cannot help."""

    reason: str
    oom: bool
    final: bool


@dataclass(frozen=True)
class Working:
    """The call is in this phase, `done` of `total` steps into it."""

    phase: str
    done: int
    total: int


@dataclass(frozen=True)
class Done:
    """A batch has ended; None when it stopped because it was asked to."""

    records: list[SampleRecord] | None


@dataclass(frozen=True)
class StorageLost:
    """What was made cannot be stored (a full disk, a read-only root); the run has to stop."""

    reason: str


class Cancel:
    """A request to stop the present batch."""


def main(pipe: Connection) -> None:
    """Serve one runner until it says stop or goes away."""
    setup: Setup = pipe.recv()
    orders = _Orders()
    listen(pipe, orders.take)
    generator = _load(setup, pipe)
    if generator is None:
        return
    worker = f"{setup.entry.label}:{os.getpid()}"
    pool = Pool(setup.root)
    while (order := orders.waiting.get()) is not None:
        batch, cancel = order
        tell = _Reporter(pipe).tell
        try:
            records = run_batch(
                generator, batch, pool, cancelled=cancel.is_set, on_progress=tell, worker=worker
            )
        except StoreError as error:
            pipe.send(StorageLost(str(error)))
            return
        pipe.send(Done(records))
    generator.close()


def _load(setup: Setup, pipe: Connection) -> Generator | None:
    entry = setup.entry
    try:
        generator = build_generator(entry.adapter, entry.config, entry.device)
        call_clock(generator).read()  # a device that is not here says so before weights are read
        generator.load()
    except (Exception, SystemExit) as error:
        pipe.send(LoadFailed(one_line(error), is_out_of_memory(error), isinstance(error, VBenchLiteError)))
        return None
    pin_threads(setup.threads)
    pipe.send(Loaded())
    return generator


class _Orders:
    """Batches that wait, each with the event by which it is asked to stop; None: no more will come."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[tuple[Batch, threading.Event] | None] = queue.SimpleQueue()
        self._cancel = threading.Event()  # of the batch that came last

    def take(self, message: Batch | Cancel | Stop) -> None:
        match message:
            case Cancel():
                self._cancel.set()
            case Batch():
                self._cancel = threading.Event()
                self.waiting.put((message, self._cancel))
            case Stop():
                self.waiting.put(None)


class _Reporter:
    """Sends progress of one batch: every phase at least once, and no more than somebody can read."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._phase: str | None = None
        self._last_s = 0.0

    def tell(self, phase: str, done: int, total: int) -> None:
        now_s = time.monotonic()
        if phase != self._phase or now_s - self._last_s >= REPORT_INTERVAL_S:
            self._phase, self._last_s = phase, now_s
            self._pipe.send(Working(phase, done, total))
