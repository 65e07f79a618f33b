"""Processes that work for this one: limits, threads, and a supervisor that leaves no orphan and no secret."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import ClassVar

from vbench_lite.secrets import hide, redacted_stream

THREADS = 1  # compute threads of a worker, timed or not: with one, sums are in one order on every machine
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
STOP_GRACE_S = 2.0  # for a process that was told to stop, before it is killed
OUTPUT_GRACE_S = 2.0  # for what a process printed last
_READ_BYTES = 2**16
_TAIL_BYTES = 4096
_TAIL_LINES = 4
_SHORTEST_SECRET = 6  # characters; anything shorter would be hidden in ordinary words
_VMSTAT = Path("/proc/vmstat")

# Holds the groups that are at work, and kills them when the process that it belongs to is gone.
_REAPER = """
import os, signal, sys
groups = set()
for line in sys.stdin:
    group = int(line)
    groups.add(group) if group > 0 else groups.discard(-group)
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
"""


def thread_variables(threads: int) -> dict[str, str]:
    """Environment variables for a process that is to have so many; libraries read them when imported."""
    return dict.fromkeys(_THREAD_VARIABLES, str(threads))


def pin_threads(threads: int) -> None:
    """Set the compute threads of torch, if it is loaded; other libraries read them from the environment."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def limit_memory(limit_bytes: int | None) -> None:
    """Have allocations above the limit fail in this process and in those that it starts.

    RLIMIT_DATA counts private writable memory; address space would also count what an accelerator's
    driver reserves and never uses.
    """
    if limit_bytes is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, so that a stopped job is left in order; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@dataclass(frozen=True)
class Ending:
    """How a process ended by itself: a phrase such as "exited with code 3", and whether memory ran out."""

    text: str
    oom: bool


class ProcessReaper:
    """Kills the process groups of this process when it ends, however it ends.

    A group must be one of its own to be killed as a whole, and so does not end with ours. A process that
    leaves its group (setsid) escapes. One reaper serves the whole process, from its first child on.
    """

    _own: ClassVar[ProcessReaper | None] = None
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _REAPER],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            bufsize=0,
        )

    @classmethod
    def tell(cls, group: int) -> None:
        """Have a group killed when this process ends; a negative number lets it go."""
        with cls._lock:
            own = cls._own
            if own is None or own._owner != os.getpid() or own._process.poll() is not None:
                own = cls._own = ProcessReaper()
            assert own._process.stdin is not None
            own._process.stdin.write(f"{group}\n".encode())


class SupervisedProcess:
    """A program that was started, in a process group of its own.

    Args:
        argv: program and arguments; no shell is involved.
        env: its whole environment. cwd: its working directory.
        on_output: takes what it prints, without secrets; by default this process's stderr.
        secrets: values that must not appear in its output, beside the secrets of this environment.
        pipes: whether stdin and stdout are pipes of ours; else stdin is empty, and stdout counts as output.
        pass_fds: descriptors that it inherits.

    Attributes:
        process: its handle, with the pipes.

    Raises:
        OSError, ValueError: the program cannot be started.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        on_output: Callable[[bytes], None] | None = None,
        secrets: Sequence[str] = (),
        pipes: bool = False,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._oom_kills = _oom_kills()
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if pipes else subprocess.STDOUT,
            start_new_session=True,
            pass_fds=pass_fds,
            bufsize=0,
        )
        ProcessReaper.tell(self.process.pid)
        self._secrets = [value for value in secrets if len(value) >= _SHORTEST_SECRET]
        self._on_output = on_output or _to_stderr
        self._tail = bytearray()
        self._ended = threading.Event()
        self._closed = False
        self._reader = threading.Thread(target=self._read, name="output", daemon=True)
        self._reader.start()
        threading.Thread(target=self._wait, name="wait", daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether the program has ended by itself or otherwise."""
        return self._ended.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the program's end and say whether it has come."""
        return self._ended.wait(timeout_s)

    def end(self, grace_s: float = 0.0) -> None:
        """End the program and whatever it started; with a grace it is asked first, by SIGTERM."""
        if self._closed:
            return
        self._closed = True
        if grace_s > 0 and not self.ended:
            self._kill(signal.SIGTERM)
            self._ended.wait(grace_s)
        self._kill(signal.SIGKILL)  # also what it left behind
        self._ended.wait()
        ProcessReaper.tell(-self.process.pid)
        self._reader.join(OUTPUT_GRACE_S)
        if self.process.stdin is not None and self.process.stdout is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
            self.process.stdout.close()

    def ending(self) -> Ending:
        """How it ended by itself; waits a little for the end that a closed pipe announces."""
        self._ended.wait(STOP_GRACE_S)
        self._reader.join(OUTPUT_GRACE_S if self.ended else 0.0)
        code = self.process.returncode
        if code is None:
            return Ending("closed its pipe and hung", False)
        if code >= 0:
            return Ending(f"exited with code {code}", False)
        name = signal.Signals(-code).name
        if name != "SIGKILL":
            return Ending(f"was ended by {name}", False)
        before, now = self._oom_kills, _oom_kills()
        if before is not None and before == now:
            return Ending("was ended by SIGKILL, not for want of memory", False)
        return Ending("was ended by SIGKILL, as the kernel does when memory runs out", True)

    def last_words(self) -> str:
        """The last lines of its output in one line, without secrets."""
        if self.ended:
            self._reader.join(OUTPUT_GRACE_S)
        lines = bytes(self._tail).decode("utf-8", "replace").splitlines()
        return " | ".join([line.strip() for line in lines if line.strip()][-_TAIL_LINES:])

    def hide(self, text: str) -> str:
        """The text without secrets."""
        return hide(text, self._secrets)

    def _kill(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def _wait(self) -> None:
        self.process.wait()
        self._ended.set()

    def _read(self) -> None:
        """Keep the end of the output, and pass it on."""
        source = self.process.stderr or self.process.stdout
        assert source is not None
        read = partial(os.read, source.fileno(), _READ_BYTES)
        with source:
            for text in redacted_stream(read, _READ_BYTES, self._secrets):
                self._tail += text
                del self._tail[:-_TAIL_BYTES]
                with contextlib.suppress(OSError):  # a full disk is told of by what has to be stored
                    self._on_output(text)


def _to_stderr(output: bytes) -> None:
    os.write(2, output)


def _oom_kills() -> int | None:
    """How often the kernel has killed for want of memory since it started; None if it does not say."""
    try:
        match = re.search(r"^oom_kill (\d+)$", _VMSTAT.read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(match.group(1)) if match else None
