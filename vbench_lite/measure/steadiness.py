"""What makes a machine's clock rate move, and who else is on it: governor, boost, throttling, steal, load.

Read from Linux's /sys and /proc (Documentation/admin-guide/pm, Documentation/filesystems/proc.rst). What a
system does not say is None, never a guess: many virtual machines show neither governor nor boost.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SYS, PROC = Path("/sys/devices/system/cpu"), Path("/proc")


@dataclass(frozen=True)
class Steadiness:
    """What the system says of its processors now.

    Attributes:
        governors: how clock rates are chosen, each name once, sorted; empty where nothing is said.
        boost: whether clock rates may go beyond the rated one ("turbo"); None if that is not said.
        throttled: how often processors were slowed down by heat since the start; None if not counted.
        ticks: processor time since the start, in ticks: (idle, stolen by other machines, all of it).
        load: processes that want to run, mean of the last minute.
    """

    governors: tuple[str, ...] = ()
    boost: bool | None = None
    throttled: int | None = None
    ticks: tuple[int, int, int] | None = None
    load: float | None = None


def read_steadiness(sys: Path = SYS, proc: Path = PROC) -> Steadiness:
    """Read it from these folders."""
    governors = {_text(path) for path in sys.glob("cpu[0-9]*/cpufreq/scaling_governor")}
    counts = [_number(path) for path in sys.glob("cpu[0-9]*/thermal_throttle/core_throttle_count")]
    known = [count for count in counts if count is not None]
    load = _text(proc / "loadavg").split()
    return Steadiness(
        governors=tuple(sorted(governors - {""})),
        boost=_boost(sys),
        throttled=sum(known) if known else None,
        ticks=_ticks(_text(proc / "stat")),
        load=float(load[0]) if load else None,
    )


def stolen_share(before: Steadiness, after: Steadiness) -> float | None:
    """Share of the processors' time between two readings that other machines took; None if not known."""
    if before.ticks is None or after.ticks is None or after.ticks[2] <= before.ticks[2]:
        return None
    return (after.ticks[1] - before.ticks[1]) / (after.ticks[2] - before.ticks[2])


def _boost(sys: Path) -> bool | None:
    off = _number(sys / "intel_pstate" / "no_turbo")
    if off is not None:
        return off == 0
    on = _number(sys / "cpufreq" / "boost")
    return None if on is None else on == 1


def _ticks(stat: str) -> tuple[int, int, int] | None:
    """Of the line `cpu user nice system idle iowait irq softirq steal guest guest_nice`."""
    line = stat.splitlines()[0].split() if stat else []
    if len(line) < 9 or line[0] != "cpu" or not all(word.isdigit() for word in line[1:9]):
        return None
    times = [int(word) for word in line[1:9]]  # guest time is counted in user time already
    return times[3] + times[4], times[7], sum(times)


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
