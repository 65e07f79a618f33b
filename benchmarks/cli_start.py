"""How long the command line takes to say anything: fresh processes, wall clock."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.figure import Figure, summarise

REPEATS = 15
PROGRAM = Path(sys.executable).with_name("vbench-lite")


def measure() -> list[Figure]:
    """Time `--help` and, for scale, a bare interpreter."""
    return [
        summarise("`vbench-lite --help`", _time([str(PROGRAM), "--help"]), "s", "at most 0.35 s"),
        summarise("a bare `python -c pass`", _time([sys.executable, "-c", "pass"]), "s"),
    ]


def _time(command: list[str]) -> list[float]:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # files into the disk cache
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return seconds
