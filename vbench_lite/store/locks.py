"""Who works in a folder: locks that end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vbench_lite.errors import StoreError
from vbench_lite.store.disk import writing
from vbench_lite.store.inside import open_own

_ATTEMPTS, _PAUSE_S = 5, 0.05  # a reader that asks `is_locked` has the lock for a moment


@contextmanager
def folder_lock(folder: Path, name: str) -> Iterator[None]:
    """Hold a folder alone; `name` is what messages call it.

    Raises:
        StoreError: another process holds it; the message gives its process id.
    """
    with _opened(folder) as file:
        if not _locked(file, fcntl.LOCK_EX, attempts=_ATTEMPTS):
            holder = os.pread(file, 32, 0).decode(errors="replace").strip() or "unknown"
            raise StoreError(f"{name} is in use by process {holder}; wait for it or stop it")
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield


def is_locked(folder: Path) -> bool:
    """Whether a process holds a folder now."""
    try:
        file = open_own(folder / "lock", os.O_RDONLY)
    except (FileNotFoundError, StoreError):  # who holds a run has a file of its own there
        return False
    try:
        return not _locked(file, fcntl.LOCK_SH, attempts=1)
    finally:
        os.close(file)


@contextmanager
def root_lock(root: Path, *, alone: bool = False) -> Iterator[None]:
    """Say that a run is at work under a root, beside others; or, alone, that none may be.

    Raises:
        StoreError: the root is in use.
    """
    with _opened(root) as file:
        if not _locked(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, attempts=_ATTEMPTS):
            who = "a run is at work" if alone else "the pool is being pruned"
            raise StoreError(f"{who} under {root}; wait for its end")
        yield


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """The lock file of a folder, which is made if it is missing."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file = open_own(folder / "lock", os.O_RDWR | os.O_CREAT)
    try:
        yield file
    finally:
        os.close(file)


def _locked(file: int, kind: int, attempts: int) -> bool:
    """Try to take a lock on an open file."""
    for attempt in range(attempts):
        if attempt:
            time.sleep(_PAUSE_S)
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except OSError:
            continue
        return True
    return False
