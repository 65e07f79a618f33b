"""The runner's side of one worker process: start it, talk to it, see how it ended, end it."""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from vbench_lite.run.child import Stop
from vbench_lite.run.threads import thread_variables
from vbench_lite.secrets import redacted_stream
from vbench_lite.store.disk import writing
from vbench_lite.store.inside import open_own

STOP_GRACE_S = 2.0  # for a worker that was told to stop, before it is killed
LOG_GRACE_S = 2.0  # for what a process printed last
LOG_LINE_BYTES = 1 << 16
_VMSTAT = Path("/proc/vmstat")


class WorkerProcess:
    """One freshly started interpreter that runs `main(descriptor)` of a module of `vbench_lite.run`.

    A new interpreter rather than a fork: no state of the runner leaks in, and accelerators survive. It
    leads a process group of its own, so that what the adapter starts can be ended with it.

    Args:
        module: below `vbench_lite.run`, with its folder (`generate.worker`).
        name: of the log that gets what the process prints.
        threads: compute threads.
        environment: what differs from this process's environment.
    """

    def __init__(
        self,
        module: str,
        name: str,
        logs: Path,
        threads: int,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        ours, theirs = socket.socketpair()
        with writing(logs):
            logs.mkdir(parents=True, exist_ok=True)
            self.log = logs / f"{re.sub('[^A-Za-z0-9._-]', '-', name)}.log"
            os.close(open_own(self.log, os.O_WRONLY | os.O_CREAT))  # refused where it is a link
        self._oom_kills = _oom_kills()
        with theirs:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-c"),
                    f"from vbench_lite.run.{module} import main; main({theirs.fileno()})",
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                env={**_environment(threads), **(environment or {})},
                process_group=0,
            )
        self.pipe = Connection(ours.detach())
        self._logging = threading.Thread(target=_keep, args=(self._process.stdout, self.log), daemon=True)
        self._logging.start()

    def send(self, message: Any) -> None:
        """Send a message; one to a worker that has died is dropped, since `receive` tells of its end."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.pipe.send(message)

    def receive(self) -> Any:
        """Return the next message, or None when the worker has died."""
        try:
            return self.pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            return None

    def end(self, *, kill: bool = False) -> None:
        """End the process and whatever it started; without `kill` it may finish by itself first."""
        if not kill:
            self.send(Stop())
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_GRACE_S)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._logging.join(LOG_GRACE_S)
        self.pipe.close()

    def death(self) -> tuple[str, bool]:
        """How a process that died by itself ended: one line, and whether memory ran out."""
        try:
            code = self._process.wait(STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            return "the worker closed its pipe and hung", False
        self._logging.join(LOG_GRACE_S)
        where = f"its output is in {self.log}"
        if code >= 0:
            return f"the worker exited with code {code}; {where}", False
        name = signal.Signals(-code).name
        if name != "SIGKILL":
            return f"the worker was ended by {name}; {where}", False
        before, now = self._oom_kills, _oom_kills()
        if before is not None and before == now:
            return f"the worker was ended by SIGKILL, not for want of memory; {where}", False
        return f"the worker was ended by SIGKILL, as the kernel does when memory runs out; {where}", True


def _keep(output: IO[bytes] | None, path: Path) -> None:
    """Write what a process prints to its log, without the secrets in it, until it prints no more."""
    assert output is not None
    with output, path.open("ab", buffering=0) as log:
        for text in redacted_stream(lambda: output.readline(LOG_LINE_BYTES), LOG_LINE_BYTES):
            with contextlib.suppress(OSError):  # a full disk is told of by what has to be stored
                log.write(text)


def _environment(threads: int) -> dict[str, str]:
    """The runner's environment with its module path, and with the number of compute threads."""
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    fixed = {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "TOKENIZERS_PARALLELISM": "false"}
    return {**os.environ, **fixed, **thread_variables(threads)}


def _oom_kills() -> int | None:
    """How often the kernel has killed for want of memory since it started; None if it does not say."""
    try:
        match = re.search(r"^oom_kill (\d+)$", _VMSTAT.read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(match.group(1)) if match else None
