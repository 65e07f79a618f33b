"""The parent's end of a timed worker: starts it, asks one call at a time, and always ends it."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vbench_lite.engine.timed_worker import Call, Failed, Profiled, Ready, Timed, serve
from vbench_lite.store.schema import GeneratorEntry

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_END_GRACE_S = 5.0


class TimedProcess:
    """A generator in a freshly spawned process.

    Args:
        entry: the generator.
        threads: compute threads, pinned before any numeric library is loaded.
        timeout_s: for the load and for each call; after it the process is killed.
    """

    def __init__(self, entry: GeneratorEntry, threads: int, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        spawn = multiprocessing.get_context("spawn")
        self._pipe, far_end = spawn.Pipe()
        self._process = spawn.Process(
            target=serve, args=(far_end, entry, threads), name=f"timed {entry.label}"
        )
        with _thread_environment(threads):
            self._process.start()
        far_end.close()

    def ready(self) -> Ready | Failed:
        """Wait until the generator is loaded."""
        answer = self._answer("load")
        if isinstance(answer, (Ready, Failed)):
            return answer
        raise AssertionError(f"a timed worker starts with Ready or Failed, got {answer!r}")

    def ask(self, call: Call) -> Timed | Profiled | Failed:
        """Make one call and wait for its answer."""
        try:
            self._pipe.send(call)
        except (BrokenPipeError, ConnectionResetError):
            return self._death("generate")
        answer = self._answer("generate")
        if isinstance(answer, (Timed, Profiled, Failed)):
            return answer
        raise AssertionError(f"a timed worker answers a call with Timed, Profiled or Failed, got {answer!r}")

    def close(self) -> None:
        """End the process: politely, then by force."""
        if self._process.is_alive():
            try:
                self._pipe.send(None)
            except (BrokenPipeError, ConnectionResetError):
                self._process.kill()
            self._process.join(_END_GRACE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()
        self._process.close()

    def _answer(self, phase: str) -> Any:
        try:
            if not self._pipe.poll(self._timeout_s):
                self._process.kill()
                return Failed(f"{phase}: no answer within {self._timeout_s:g} s", oom=False)
            return self._pipe.recv()
        except (EOFError, ConnectionResetError):
            return self._death(phase)

    def _death(self, phase: str) -> Failed:
        self._process.join(_END_GRACE_S)
        code = self._process.exitcode
        killed = code == -9  # nobody else sends SIGKILL here: most likely the kernel, for want of memory
        why = "killed, most likely for want of memory" if killed else f"exit code {code}"
        return Failed(f"{phase}: the process died ({why})", oom=killed)


@contextmanager
def _thread_environment(threads: int) -> Iterator[None]:
    """A spawned process takes the environment of the moment it starts; libraries read it on import."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
