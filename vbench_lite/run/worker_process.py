"""A worker: a fresh interpreter that serves its runner over a socket, from both ends.

A new interpreter rather than a fork: no state of the runner leaks in, and accelerators survive. Every worker
keeps its limits, writes to a log without secrets, and ends with its runner.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import re
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from vbench_lite.extractor import Precision
from vbench_lite.processes import STOP_GRACE_S, THREADS, SupervisedProcess, limit_memory, thread_variables
from vbench_lite.run.networks import EXACT, Networks
from vbench_lite.store.disk import writing
from vbench_lite.store.inside import open_own
from vbench_lite.store.rundir import RunDir

LEAST_LOAD_TIMEOUT_S = 600.0  # whatever a batch may take: large weights come from slow disks


class Asked(Protocol):
    """What a run asks of its workers; see `schema.RunDocument`."""

    @property
    def timeout_s(self) -> float: ...
    @property
    def memory_limit_gib(self) -> float | None: ...
    @property
    def score_device(self) -> str: ...
    @property
    def score_precision(self) -> Precision: ...


@dataclass(frozen=True)
class Settings:
    """How every worker of a run is set up.

    Attributes:
        root: where the pool lies. logs: folder for what workers print.
        threads: compute threads of a worker.
        timeout_s: for one batch.
        load_timeout_s: for starting a process and loading its generator.
        memory_bytes: what a worker may allocate; None for no limit.
        keep_going: make every batch, also of a generator that failed on the first ones.
        networks: where and how exactly the networks that score compute.
    """

    root: Path
    logs: Path
    threads: int
    timeout_s: float
    load_timeout_s: float
    memory_bytes: int | None = None
    keep_going: bool = False
    networks: Networks = EXACT

    @classmethod
    def of(cls, run: RunDir, asked: Asked, keep_going: bool = False) -> Settings:
        """The settings that a run asks for, by its specification or its document."""
        limit = asked.memory_limit_gib
        return cls(
            root=run.root,
            logs=run.logs,
            threads=THREADS,
            timeout_s=asked.timeout_s,
            load_timeout_s=max(LEAST_LOAD_TIMEOUT_S, asked.timeout_s),
            memory_bytes=None if limit is None else round(limit * 2**30),
            keep_going=keep_going,
            networks=Networks(asked.score_device, asked.score_precision),
        )


class Stop:
    """A request to end."""


class WorkerProcess:
    """The runner's side: start a worker, talk to it, see how it ended, end it.

    Args:
        module: of `vbench_lite.run`; its `main` gets the pipe.
        name: of the log that gets what the process prints.
        environment: what differs from this process's environment.
    """

    def __init__(
        self, module: str, name: str, settings: Settings, environment: Mapping[str, str] | None = None
    ) -> None:
        with writing(settings.logs):
            settings.logs.mkdir(parents=True, exist_ok=True)
            self.log = settings.logs / f"{re.sub('[^A-Za-z0-9._-]', '-', name)}.log"
            os.close(open_own(self.log, os.O_WRONLY | os.O_CREAT))  # refused where it is a link
        ours, theirs = socket.socketpair()
        start = f"serve({module!r}, {theirs.fileno()}, {settings.memory_bytes})"
        with theirs:
            self._process = SupervisedProcess(
                # -P: a file in the working directory must not pass for a library
                [sys.executable, "-P", "-c", f"from vbench_lite.run.worker_process import serve; {start}"],
                env={**_environment(settings.threads), **(environment or {})},
                on_output=self._keep,
                pass_fds=[theirs.fileno()],
            )
        self.pid = self._process.process.pid
        self.pipe = Connection(ours.detach())

    def send(self, message: Any) -> None:
        """Send a message; one to a worker that has died is dropped, since `receive` tells of its end."""
        with contextlib.suppress(OSError):
            self.pipe.send(message)

    def receive(self, timeout_s: float | None = None) -> Any:
        """Return the next message, or None when the worker has died.

        Raises:
            TimeoutError: nothing has come in time.
        """
        try:
            if self.pipe.poll(timeout_s):
                return self.pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            return None
        raise TimeoutError(f"no message within {timeout_s:g} s")

    def end(self, *, kill: bool = False) -> None:
        """End the process and whatever it started; without `kill` it may finish by itself first."""
        if not kill:
            self.send(Stop())
            self._process.wait(STOP_GRACE_S)
        self._process.end()
        self.pipe.close()

    def death(self) -> tuple[str, bool]:
        """How a process that died by itself ended: one line, and whether memory ran out."""
        ending = self._process.ending()
        return f"the worker {ending.text}; its output is in {self.log}", ending.oom

    def _keep(self, output: bytes) -> None:
        with self.log.open("ab", buffering=0) as log:
            log.write(output)


def serve(module: str, descriptor: int, memory_bytes: int | None) -> None:
    """The worker's side: keep to the limits and run `main(pipe)` of a module of `vbench_lite.run`."""
    faulthandler.enable()
    limit_memory(memory_bytes)
    with contextlib.suppress(ConnectionError, EOFError):  # the runner is gone
        import_module(f"vbench_lite.run.{module}").main(Connection(descriptor))


def listen(pipe: Connection, take: Callable[[Any], None]) -> None:
    """Take every message in a thread of its own; the process ends at once when the pipe closes.

    So a request to stop is heard during a call, and what is left of a runner that was killed makes nothing
    more.
    """

    def listening() -> None:
        while True:
            try:
                message = pipe.recv()
            except (EOFError, OSError):
                os._exit(1)  # whatever the worker is doing: nobody is there to take it
            take(message)

    threading.Thread(target=listening, name="listen", daemon=True).start()


def _environment(threads: int) -> dict[str, str]:
    """The runner's environment with its module path, and with the number of compute threads."""
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    fixed = {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "TOKENIZERS_PARALLELISM": "false"}
    return {**os.environ, **fixed, **thread_variables(threads)}
