"""What `doctor` says of a machine that is to be timed on: is its clock steady, is it ours alone?"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from vbench_lite.cli.checkup import Check
from vbench_lite.format import listed, percent
from vbench_lite.measure.contention import BUSY_SHARE, CpuTimes, cpu_times, others_s
from vbench_lite.measure.steadiness import Steadiness, read_steadiness, stolen_share

_STEADY_GOVERNORS = {"performance"}
STOLEN_SHARE = 0.01  # of the processors' time: more than this is seen in times


def around(others: Iterable[Check]) -> Iterator[Check]:
    """Other checks, and then what readings before and after them say of the machine."""
    steady, times = read_steadiness(), cpu_times()
    yield from others
    yield from steady_checks(steady, read_steadiness())
    yield other_load(times, cpu_times(), os.cpu_count() or 1)


def steady_checks(before: Steadiness, after: Steadiness) -> Iterator[Check]:
    """Governor, boost, throttling and steal; `before` and `after` are readings with work between them."""
    yield _governor(after)
    if after.boost is not None:
        yield Check(
            "boost",
            "note" if after.boost else "ok",
            "clock rates go beyond the rated one while the chip is cool" if after.boost else "off",
            "for times that repeat: echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo, or "
            "echo 0 > /sys/devices/system/cpu/cpufreq/boost"
            if after.boost
            else "",
        )
    if after.throttled is not None:
        hot = after.throttled - (before.throttled or 0)
        found = f"slowed down by heat {after.throttled} times since the start, {hot} times just now"
        yield Check("heat", "note" if hot else "ok", found, "cool it, then time again" if hot else "")
    stolen = stolen_share(before, after)
    if stolen is not None:
        found = f"other machines on this host took {percent(stolen, 1)} of the processors' time just now"
        fix = (
            "times vary with the neighbours; measure on a machine of your own"
            if stolen > STOLEN_SHARE
            else ""
        )
        yield Check("steal", "note" if fix else "ok", found, fix)


def other_load(before: CpuTimes, after: CpuTimes, cores: int) -> Check:
    """How much other processes took of the machine between two readings."""
    wall_s = max(after.wall_s - before.wall_s, 1e-9)
    share = max(0.0, others_s(before, after)) / (cores * wall_s)
    found = f"other processes took {percent(share)} of the processors while these checks ran"
    fix = "timed calls would be marked as contended; see: run --when-idle" if share > BUSY_SHARE else ""
    return Check("load", "note" if fix else "ok", found, fix)


def _governor(now: Steadiness) -> Check:
    if not now.governors:
        return Check("governor", "ok", "not said by this system (usual for virtual machines)")
    found = listed(now.governors)
    if set(now.governors) <= _STEADY_GOVERNORS:
        return Check("governor", "ok", found)
    fix = "for times that repeat: cpupower frequency-set -g performance"
    return Check("governor", "note", f"{found}: clock rates follow the load", fix)
