"""The memory of another process with everything it started, looked at from outside.

On Linux the kernel keeps each process's own peak (VmHWM), which never falls: reading it now and then misses
at most what the last interval added. Elsewhere the resident size is read, and a short peak can be missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vbench_lite.measure.memory import status_bytes

_PROC = Path("/proc")


class TreePeak:
    """Largest memory of a process and its descendants, as far as `sample` was called.

    Attributes:
        peak_bytes: the largest sum over living processes, of their peaks on Linux. It is exact for one
            process and an upper bound for several that peak at different times or share pages. None if
            nothing could be read.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.peak_bytes: int | None = None

    def sample(self) -> None:
        """Look once."""
        sizes = [size for size in map(_size, _tree(self._pid)) if size is not None]
        if sizes:
            self.peak_bytes = max(self.peak_bytes or 0, sum(sizes))


def _tree(pid: int) -> Iterator[int]:
    if not _PROC.exists():
        yield from _tree_elsewhere(pid)
        return
    yield pid
    for listed in (_PROC / str(pid) / "task").glob("*/children"):
        try:
            children = listed.read_text(encoding="ascii").split()
        except OSError:  # it ended between the listing and the reading
            continue
        for child in children:
            yield from _tree(int(child))


def _size(pid: int) -> int | None:
    if _PROC.exists():
        return status_bytes(_PROC / str(pid) / "status", "VmHWM")
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


def _tree_elsewhere(pid: int) -> Iterator[int]:
    import psutil

    try:
        process = psutil.Process(pid)
        yield pid
        yield from (child.pid for child in process.children(recursive=True))
    except psutil.Error:
        return
