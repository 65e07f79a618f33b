"""A process of another program: in a group of its own, with the end of what it said, and never an orphan."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from vbench_lite.errors import SpecError

_END_GRACE_S = 0.5  # after SIGTERM, before SIGKILL
_TAIL_GRACE_S = 2.0  # for the last words of a process that has ended
_READ_BYTES = 2**16
_TAIL_BYTES = 4096
_TAIL_LINES = 4
_SHORTEST_SECRET = 6  # characters; anything shorter would be hidden in ordinary words

# What any program needs to find itself and its devices; keys and this environment's modules stay here.
_PASSED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|XDG_CACHE_HOME"
    r"|SSL_CERT_(FILE|DIR)|CUDA_\w+|NVIDIA_\w+|HIP_\w+|ROCR_\w+|HF_HOME|HF_HUB_(CACHE|OFFLINE)|TORCH_HOME"
    r"|(OMP|MKL|OPENBLAS|VECLIB|NUMEXPR)_\w+|TOKENIZERS_PARALLELISM|PYTHONHASHSEED"
)
_SECRET = re.compile(r"(?i)key|token|secret|passw|credential")

# Holds the groups that are at work, and kills them when the process that it belongs to is gone.
_WARDEN = """
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


def child_environment(extra: Mapping[str, str], passed: Sequence[str]) -> dict[str, str]:
    """The environment of a foreign program: a short list of harmless variables, and what the user names.

    Raises:
        SpecError: a variable that is to be passed on is not set.
    """
    for name in passed:
        if name not in os.environ:
            raise SpecError(f"pass_env names {name}, which is not set in the environment")
    kept = {name: value for name, value in os.environ.items() if _PASSED.fullmatch(name)}
    return {**kept, **{name: os.environ[name] for name in passed}, **extra}


def check_no_secrets(names: Sequence[str]) -> None:
    """Raise ValueError if a variable's value would be written into the run though it looks like a key."""
    for name in names:
        if _SECRET.search(name):
            raise ValueError(
                f"env.{name} would be written into run.json; export it and name it in pass_env instead"
            )


def check_program(program: str, cwd: Path | None, env: Mapping[str, str]) -> None:
    """Raise SpecError if there is no such program, as a path from `cwd` or a name on the child's PATH."""
    if cwd is not None and not cwd.is_dir():
        raise SpecError(f"cwd {cwd} is no folder")
    found = str((cwd or Path()) / program) if os.sep in program else program
    if shutil.which(found, path=env.get("PATH")) is None:
        raise SpecError(f"there is no program {program!r}; give its path, or put its folder on PATH")


class Warden:
    """Kills the process groups of this process when it ends, however it ends.

    A group must be one of its own to be killed as a whole, and so does not end with ours. A process
    that escapes its group (setsid) escapes the warden too.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _WARDEN],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
            bufsize=1,
        )

    def watch(self, group: int) -> None:
        """Kill the group when this process ends; a negative number lets it go."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{group}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """Kill what is left, and end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class Child:
    """A program that was started, in a process group of its own.

    Args:
        argv: program and arguments; no shell is involved.
        cwd: its working directory. env: its whole environment.
        hidden: names of variables whose values must not appear in what is kept of its words.
        pipes: whether stdin and stdout are pipes of ours; else stdin is empty, and stdout counts as stderr.

    Raises:
        SpecError: the program cannot be started.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None,
        env: Mapping[str, str],
        warden: Warden,
        hidden: Sequence[str] = (),
        pipes: bool = False,
    ) -> None:
        self._warden = warden
        try:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                list(argv),
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if pipes else subprocess.STDOUT,
                start_new_session=True,
                bufsize=0,
            )
        except (OSError, ValueError) as error:
            where = "" if cwd is None else f" in {cwd}"
            why = getattr(error, "strerror", error)
            raise SpecError(f"{argv[0]!r} cannot be started{where}: {why}") from None
        warden.watch(self.process.pid)
        self._hidden = [env[name] for name in hidden if len(env.get(name, "")) >= _SHORTEST_SECRET]
        self._tail = bytearray()
        self._ended = threading.Event()
        source = self.process.stderr if pipes else self.process.stdout
        self._reader = threading.Thread(target=self._read, args=(source,), name="tail", daemon=True)
        self._reader.start()
        threading.Thread(target=self._wait, name="wait", daemon=True).start()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def ended(self) -> bool:
        """Whether the program has ended by itself or otherwise."""
        return self._ended.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the program's end and say whether it has come."""
        return self._ended.wait(timeout_s)

    def end(self) -> None:
        """End the program and whatever it started."""
        if not self.ended:
            self._kill(signal.SIGTERM)
            self._ended.wait(_END_GRACE_S)
        self._kill(signal.SIGKILL)  # also what it left behind
        self._ended.wait()
        self._warden.watch(-self.process.pid)
        self._reader.join(_TAIL_GRACE_S)
        if self.process.stdin is not None and self.process.stdout is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
            self.process.stdout.close()

    def how_it_ended(self) -> str:
        """Exit code or signal, and the last lines that it said."""
        code = self.process.returncode
        if code is None:
            end = "it is still at work"
        elif code >= 0:
            end = f"exit code {code}"
        else:
            name = signal.Signals(-code).name
            end = f"{name}, as the kernel sends when memory runs out" if name == "SIGKILL" else name
        said = self.said()
        return f"{end}; it said: {said}" if said else f"{end}, without a word on stderr"

    def said(self) -> str:
        """The last lines of its stderr in one line, with keys hidden."""
        if self.ended:
            self._reader.join(_TAIL_GRACE_S)
        lines = bytes(self._tail).decode("utf-8", "replace").splitlines()
        return self.hide(" | ".join([line.strip() for line in lines if line.strip()][-_TAIL_LINES:]))

    def hide(self, text: str) -> str:
        """The text without the values that must not appear."""
        for value in self._hidden:
            text = text.replace(value, "[hidden]")
        return text

    def _kill(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def _wait(self) -> None:
        self.process.wait()
        self._ended.set()

    def _read(self, source: Any) -> None:
        """Keep the end of what it says, and pass it on to this process's own stderr: the worker's log."""
        waiting = b""
        with source:
            while data := os.read(source.fileno(), _READ_BYTES):
                self._tail += data
                del self._tail[:-_TAIL_BYTES]
                waiting += data
                # Whole lines, as a value that must be hidden could be cut in two.
                end = waiting.rfind(b"\n") + 1 if len(waiting) < _READ_BYTES else len(waiting)
                self._pass_on(waiting[:end])
                waiting = waiting[end:]
        self._pass_on(waiting)

    def _pass_on(self, said: bytes) -> None:
        text = self.hide(said.decode("utf-8", "surrogateescape"))
        with contextlib.suppress(OSError):
            os.write(2, text.encode("utf-8", "surrogateescape"))
