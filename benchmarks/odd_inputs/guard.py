"""What may happen with an odd input: it is read, or refused in one line; everything else is a fault.

A fault is another exception, a message of several lines or that says "unexpected", more than HANG_S seconds,
a file that is written, moved or removed outside a folder, and a connection to any but a port that is allowed.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vbench_lite.errors import VBenchLiteError

HANG_S = 20  # of processor time; what waits for something may take WAIT_S
WAIT_S = 180
READ, REFUSED, FAULT = "read", "refused", "fault: "
# Events of the interpreter that change files: which arguments name what is changed, and where a descriptor
# stands that a path may be relative to.
_CHANGES = {
    "os.remove": ((0,), 1), "os.rename": ((0, 1), 2), "os.mkdir": ((0,), 2), "os.rmdir": ((0,), 1),
    "os.link": ((1,), 3), "os.symlink": ((1,), 2), "os.truncate": ((0,), None), "os.chmod": ((0,), 2),
    "shutil.rmtree": ((0,), None),
}  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """One odd input and what is done with it.

    Attributes:
        name: of the input; a refusal has to hold it if `named` is set.
        data: what is kept where the input shows a fault.
        act: raises what a user would be told; returns "read" or "refused", or None for "read".
        port: of this machine, that may be connected to.
    """

    name: str
    data: bytes
    act: Callable[[], str | None]
    named: bool = False
    port: int | None = None


# A trial is over when the next is asked for. A kind takes a folder of its own, and where chance comes from.
Trials = Generator[Trial, None, None]
Kind = Callable[[Path, random.Random], Trials]


class HangError(BaseException):
    """The time for one input is over; not an Exception, so that nothing below takes it for an error."""


def outcome(trial: Trial, folder: Path) -> str:
    """ "read", "refused", or a fault in words."""
    watch = _Watch(folder.resolve(), trial.port)
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, _hang)
    signal.alarm(WAIT_S)
    signal.setitimer(signal.ITIMER_PROF, HANG_S)  # a busy machine makes nothing a hang
    try:
        with _watched(watch), warnings.catch_warnings(action="ignore"):
            found = trial.act() or READ
    except VBenchLiteError as error:
        found = _refusal(str(error), trial)
    except HangError:
        found = f"{FAULT}hang"
    except BaseException as error:
        found = f"{FAULT}{type(error).__name__}: {str(error)[:400]}"
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
    return FAULT + watch.seen[0] if watch.seen else found


def is_one_line(message: str) -> bool:
    """Whether a message is what a user may be told of an input."""
    return bool(message) and "\n" not in message.strip() and "unexpected" not in message


def _refusal(message: str, trial: Trial) -> str:
    fine = is_one_line(message) and (not trial.named or trial.name in message)
    return REFUSED if fine else f"{FAULT}message {message[:100]!r}"


def _hang(*_: object) -> None:
    raise HangError


# --- what happens outside -------------------------------------------------------------------------


@dataclass
class _Watch:
    """What an input may touch, and what it touched beside that."""

    folder: Path
    port: int | None
    seen: list[str] = field(default_factory=list)

    def look(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            self._open(*args)
        elif event in _CHANGES:
            places, descriptor = _CHANGES[event]
            if descriptor is None or args[descriptor] == -1:
                for named in (args[place] for place in places if not isinstance(args[place], int)):
                    path = Path(os.fsdecode(named)).absolute()
                    self._changed(path.parent.resolve() / path.name)  # a link itself, not what it points to
        elif event == "socket.connect" and isinstance(args[1], tuple):
            host, port = args[1][:2]
            if (host, port) != ("127.0.0.1", self.port):
                self._refuse(f"connected to {host}:{port}")

    def _open(self, path: Any, mode: str | None, flags: int | None) -> None:
        writes = any(sign in (mode or "") for sign in "wxa+")
        if isinstance(path, str | bytes) and (writes or (flags or 0) & (os.O_WRONLY | os.O_RDWR)):
            self._changed(Path(os.fsdecode(path)).resolve())

    def _changed(self, place: Path) -> None:
        if place != Path(os.devnull) and not place.is_relative_to(self.folder):
            self._refuse(f"{place} was changed")

    def _refuse(self, what: str) -> None:
        self.seen.append(what)
        raise PermissionError(what)


_watches: list[_Watch] = []


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _watches:
        _watches[-1].look(event, args)


@contextmanager
def _watched(watch: _Watch) -> Iterator[None]:
    if not hasattr(_audit, "installed"):
        sys.addaudithook(_audit)
        _audit.installed = True  # type: ignore[attr-defined]  # a hook cannot be taken out again
    usual, tempfile.tempdir = tempfile.tempdir, str(watch.folder)
    compiled, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # modules that an input imports
    _watches.append(watch)
    try:
        yield
    finally:
        _watches.pop()
        tempfile.tempdir, sys.dont_write_bytecode = usual, compiled
