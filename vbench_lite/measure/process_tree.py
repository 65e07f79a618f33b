"""The memory of another process with everything it started, looked at from outside.

On Linux the kernel keeps each process's own peak (VmHWM), which never falls: for one process, reading it now
and then misses at most what the last interval added. Several processes share pages, so their sizes do not add
up: there the sum of proportional sizes (PSS) is taken at each look, which counts each shared page once.
Elsewhere the resident size is read, a short peak can be missed, and that of several processes is not known.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from vbench_lite.measure.memory import status_bytes

_PROC = Path("/proc")
_COST = 20  # times as long as a look at the shared pages took before the next one: it holds up their owner


class TreePeak:
    """Largest memory of a process and its descendants, as far as `sample` was called.

    Attributes:
        peak_bytes: the largest sum of proportional sizes over living processes, and at least the peak of each
            process alone. None if nothing could be read, or several processes whose shared pages could not.
    """

    def __init__(self, pid: int, now: Callable[[], float] = time.monotonic) -> None:
        self._pid, self._now = pid, now
        self._next_look_s = 0.0
        self._peak_bytes: int | None = None
        self._known = True

    @property
    def peak_bytes(self) -> int | None:
        return self._peak_bytes if self._known else None

    def sample(self) -> None:
        """Look once."""
        processes = _tree(self._pid)
        sizes = [size for size in map(_size, processes) if size is not None]
        if len(sizes) > 1 and self._now() >= self._next_look_s:
            before_s = self._now()
            shares = [_share(pid) for pid in processes]
            self._next_look_s = self._now() + _COST * (self._now() - before_s)
            self._known &= any(share is not None for share in shares) or _size(self._pid) is None
            sizes.append(sum(share or 0 for share in shares))
        self._peak_bytes = max([*sizes, self._peak_bytes or 0], default=None) or None


def _tree(pid: int) -> list[int]:
    if not _PROC.exists():
        return _tree_elsewhere(pid)
    found = [pid]
    for listed in (_PROC / str(pid) / "task").glob("*/children"):
        try:
            children = listed.read_text(encoding="ascii").split()
        except OSError:  # it ended between the listing and the reading
            continue
        for child in children:
            found += _tree(int(child))
    return found


def _size(pid: int) -> int | None:
    """The peak of one process where it is kept, or else its size now."""
    if _PROC.exists():
        return status_bytes(_PROC / str(pid) / "status", "VmHWM")
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


def _share(pid: int) -> int | None:
    """Its size now, with its part of every shared page; None if it has ended or does not say."""
    return status_bytes(_PROC / str(pid) / "smaps_rollup", "Pss")


def _tree_elsewhere(pid: int) -> list[int]:
    import psutil

    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.Error:
        return []
