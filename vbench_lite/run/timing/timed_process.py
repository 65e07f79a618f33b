"""The parent's end of a timed worker: starts it, asks one call at a time, and always ends it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from vbench_lite.run.threads import thread_variables
from vbench_lite.run.timing.timed_worker import Call, Failed, Profiled, Ready, Setup, Timed
from vbench_lite.store.schema import GeneratorEntry

_END_GRACE_S = 5.0


class TimedProcess:
    """A generator in a fresh interpreter: nothing of this process but its import path is handed on.

    Args:
        entry: the generator.
        threads: compute threads, pinned before any numeric library is loaded.
        timeout_s: for the load and for each call; after it the process is killed.
    """

    def __init__(self, entry: GeneratorEntry, threads: int, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        near_end, far_end = socket.socketpair()
        with far_end:
            self._process = subprocess.Popen(
                # -P: a file in the working directory must not pass for a library
                [sys.executable, "-P", "-m", "vbench_lite.run.timing.timed_worker", str(far_end.fileno())],
                pass_fds=[far_end.fileno()],
                env=_environment(threads),
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr if _has_descriptor(sys.stderr) else subprocess.DEVNULL,
            )
        self._pipe = Connection(near_end.detach())
        self._send(Setup(entry, threads))

    def ready(self) -> Ready | Failed:
        """Wait until the generator is loaded."""
        answer = self._answer("load")
        if isinstance(answer, (Ready, Failed)):
            return answer
        raise AssertionError(f"a timed worker starts with Ready or Failed, got {answer!r}")

    def ask(self, call: Call) -> Timed | Profiled | Failed:
        """Make one call and wait for its answer."""
        self._send(call)
        answer = self._answer("generate")
        if isinstance(answer, (Timed, Profiled, Failed)):
            return answer
        raise AssertionError(f"a timed worker answers a call with Timed, Profiled or Failed, got {answer!r}")

    def close(self) -> None:
        """End the process: politely, then by force."""
        self._send(None)
        self._pipe.close()
        try:
            self._process.wait(_END_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, message: Setup | Call | None) -> None:
        try:
            self._pipe.send(message)
        except (BrokenPipeError, ConnectionResetError):
            return  # the process is dead: the answer that is read next says how

    def _answer(self, phase: str) -> Any:
        try:
            if not self._pipe.poll(self._timeout_s):
                self._process.kill()
                return Failed(f"{phase}: no answer within {self._timeout_s:g} s", oom=False)
            return self._pipe.recv()
        except (EOFError, ConnectionResetError):
            return self._death(phase)

    def _death(self, phase: str) -> Failed:
        try:
            code = self._process.wait(_END_GRACE_S)
        except subprocess.TimeoutExpired:
            return Failed(f"{phase}: the process closed its socket and does not end", oom=False)
        if code >= 0:
            return Failed(f"{phase}: the process died (exit code {code})", oom=False)
        killed = -code == signal.SIGKILL  # the kernel does this for want of memory
        why = signal.Signals(-code).name + (", most likely for want of memory" if killed else "")
        return Failed(f"{phase}: the process died ({why})", oom=killed)


def _environment(threads: int) -> dict[str, str]:
    """The environment of the worker: pinned threads, and the modules that this process can import."""
    search = [str(Path(folder or Path.cwd())) for folder in sys.path]
    return {
        **os.environ,
        **thread_variables(threads),
        "PYTHONPATH": os.pathsep.join(search),
    }


def _has_descriptor(stream: Any) -> bool:
    try:
        stream.fileno()
    except (AttributeError, OSError, ValueError):
        return False
    return True
