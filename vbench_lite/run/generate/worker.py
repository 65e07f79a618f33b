"""The process that holds one generator: loads it, makes one batch after another, ends with its runner.

Started by `executors.process` with `main(descriptor of a socket)`. It takes a
`Setup`, then batches; it answers with `Loaded` or `LoadFailed`, then `Working` messages and one `Done` a
batch. A thread listens all the while, so that a request to stop is heard during a call, and the process
ends at once when the socket closes: what is left of a runner that was killed makes nothing more.
"""

from __future__ import annotations

import faulthandler
import os
import queue
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from vbench_lite.errors import StoreError, VBenchLiteError
from vbench_lite.generator import Generator
from vbench_lite.run.call_clock import call_clock
from vbench_lite.run.child import Stop, die_with, limit_memory, pin_threads
from vbench_lite.run.generate.batch import describe, is_oom, run_batch
from vbench_lite.run.plan.build import build_generator
from vbench_lite.run.plan.plan import Batch
from vbench_lite.store.pool import Pool
from vbench_lite.store.schema import GeneratorEntry, SampleRecord

REPORT_INTERVAL_S = 0.1  # between two progress messages of one phase


@dataclass(frozen=True)
class Setup:
    """The first message: what to load, where clips go, and whose child this is."""

    entry: GeneratorEntry
    root: Path
    threads: int
    parent: int
    memory_bytes: int | None = None


@dataclass(frozen=True)
class Loaded:
    """The generator is ready."""


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


Inbox = queue.SimpleQueue[tuple[Batch, threading.Event] | None]  # None: stop


def main(descriptor: int) -> None:
    """Serve one runner over an inherited socket until it says stop or goes away."""
    faulthandler.enable()
    pipe = Connection(descriptor)
    setup: Setup = pipe.recv()
    die_with(setup.parent)
    limit_memory(setup.memory_bytes)
    inbox: Inbox = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, inbox), name="listen", daemon=True).start()
    generator = _load(setup, pipe)
    if generator is None:
        return
    worker = f"{setup.entry.label}:{os.getpid()}"
    pool = Pool(setup.root)
    while (order := inbox.get()) is not None:
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
        pipe.send(LoadFailed(describe(error), is_oom(error), isinstance(error, VBenchLiteError)))
        return None
    pin_threads(setup.threads)
    pipe.send(Loaded())
    return generator


def _listen(pipe: Connection, inbox: Inbox) -> None:
    cancel = threading.Event()  # of the batch that came last
    while True:
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            os._exit(1)  # whatever the generator is doing: nobody is there to take it
        match message:
            case Cancel():
                cancel.set()
            case Batch():
                cancel = threading.Event()
                inbox.put((message, cancel))
            case Stop():
                inbox.put(None)


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
