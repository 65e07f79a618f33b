"""Was somebody else using the device during a call?

On the CPU: processor time that other processes took, from the system's totals less our own. On
CUDA: other processes that NVML lists on the device. A contended measurement is marked, shown, and
refused by the gate; it is never dropped in silence.

Known limit: time that a hypervisor gives to another machine ("steal") counts as others' time where
the system reports it, and cannot be seen where it does not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

BUSY_SHARE = 0.10  # of the machine's processor time during the call
IDLE_WINDOW_S = 3.0  # so long nobody else may be busy before a machine is called idle
BUSY_FLOOR_S = 0.05  # the totals count in ticks of 10 ms a core: less than this is rounding


@dataclass(frozen=True)
class CpuTimes:
    """Processor seconds at one moment.

    Attributes:
        system_busy_s: all processes on all cores, steal included.
        own_s: this process, its threads and its children.
        wall_s: the same moment on a monotonic clock.
    """

    system_busy_s: float
    own_s: float
    wall_s: float


def cpu_times() -> CpuTimes:
    """Read the processor times now."""
    import psutil

    total = psutil.cpu_times()
    idle = total.idle + getattr(total, "iowait", 0.0)
    # guest time is counted in user time already
    busy = sum(getattr(total, name) for name in total._fields if not name.startswith("guest")) - idle
    own = time.process_time()
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:  # it ended between the listing and the reading
            continue
        own += times.user + times.system
    ended = os.times()
    own += ended.children_user + ended.children_system
    return CpuTimes(busy, own, time.perf_counter())


def cpu_contended(before: CpuTimes, after: CpuTimes, cores: int) -> bool:
    """Whether other processes took a share of the machine that matters between two readings."""
    wall_s = after.wall_s - before.wall_s
    return others_s(before, after) > max(BUSY_FLOOR_S, BUSY_SHARE * cores * wall_s)


def others_s(before: CpuTimes, after: CpuTimes) -> float:
    """Processor seconds that other processes took between two readings; rounding may put it below 0."""
    return (after.system_busy_s - before.system_busy_s) - (after.own_s - before.own_s)


def _children() -> set[int]:
    """Ids of the processes that work for this one: a generator may run in one."""
    import psutil

    return {child.pid for child in psutil.Process().children(recursive=True)}


class ContentionWatch:
    """Watches one call.

    Args:
        device: torch device name.
        read: reads the processor times.
        cores: logical cores of the whole machine.
        strangers: ids of other processes on an accelerator, or None if that cannot be known.
    """

    def __init__(
        self,
        device: str = "cpu",
        read: Callable[[], CpuTimes] = cpu_times,
        cores: int | None = None,
        strangers: Callable[[], set[int] | None] | None = None,
    ) -> None:
        self._read = read
        self._cores = cores or os.cpu_count() or 1
        if strangers is None and device.split(":")[0] == "cuda":
            from vbench_lite.measure.nvml import other_processes

            def strangers() -> set[int] | None:
                others = other_processes(device)
                return None if others is None else others - _children()

        self._strangers = strangers
        self._before: CpuTimes | None = None
        self._seen = False

    def start(self) -> None:
        """Begin to watch, directly before the call."""
        self._seen = self._strangers is not None and bool(self._strangers())
        self._before = self._read()

    def contended(self) -> bool:
        """Whether anybody else used the device since `start`; call it directly after the call."""
        assert self._before is not None, "start() comes before contended()"
        busy = cpu_contended(self._before, self._read(), self._cores)
        return busy or self._seen or (self._strangers is not None and bool(self._strangers()))


def wait_until_idle(
    device: str,
    tell: Callable[[str], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
    watch: Callable[[str], ContentionWatch] = ContentionWatch,
) -> None:
    """Return after a window in which nobody else used the device; `tell` hears of each that was busy."""
    while True:
        window = watch(device)
        window.start()
        sleep(IDLE_WINDOW_S)
        if not window.contended():
            return
        tell("waiting until other programs leave the machine alone")
