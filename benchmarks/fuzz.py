"""Odd clips, lists, run directories, workers, servers and streams: read, or refused in one line.

Six kinds of what other people bring are damaged at random, by byte and by value, and share the time equally.
A fault is anything else: another exception, a message of several lines, more than HANG_S seconds, a process
that dies, a file that is changed outside the folder, a connection to another host. Inputs that show one are
kept, with their names printed.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks.figure import Figure, summarise
from benchmarks.odd_inputs import calls, clips, runs, streams
from benchmarks.odd_inputs.guard import FAULT, READ, REFUSED, WAIT_S, Kind, outcome
from vbench_lite.processes import limit_memory

MINUTES = 20.0
BATCH_S = 240.0  # a process lives so long: what it leaks does not add up
MEMORY = 6 * 2**30
KINDS: dict[str, Kind] = {
    "clips": clips.clips,
    "lists": clips.lists,
    "run directories": runs.runs,
    "workers": calls.workers,
    "servers": calls.servers,
    "streams": streams.streams,
}


def measure(minutes: float = MINUTES) -> list[Figure]:
    """Damage inputs for so long, in processes of some minutes each."""
    tally, kept = Counter[str](), Path(tempfile.mkdtemp(prefix="fuzz-"))
    end, seed = time.monotonic() + 60 * minutes, 0
    while (left := end - time.monotonic()) > 0:
        command = [sys.executable, "-m", "benchmarks.fuzz", str(min(BATCH_S, left)), str(seed), str(kept)]
        found = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=BATCH_S + 2 * WAIT_S
        )
        if found.returncode == 0:
            tally.update(json.loads(found.stdout.splitlines()[-1]))
        else:
            tally[f"{FAULT}the process ended with {found.returncode}: {found.stderr[-200:]}"] += 1
        seed += 1
    faults = {name: count for name, count in tally.items() if FAULT in name}
    for name, count in faults.items():
        print(f"{count} x {name}; inputs are in {kept}", file=sys.stderr)
    if not faults:
        shutil.rmtree(kept)
    figures = [summarise("length", [minutes], "min")]
    for kind in KINDS:
        for end_as in (READ, REFUSED):
            figures.append(summarise(f"{kind}: {end_as}", [float(tally[f"{kind}: {end_as}"])], ""))
    return [*figures, summarise("faults", [float(sum(faults.values()))], "", "0")]


def fuzz(
    seconds: float, seed: int, kept: Path, inputs: int | None = None, kinds: Sequence[str] = tuple(KINDS)
) -> Counter[str]:
    """Damage and read inputs for so long, or so many of them.

    Args:
        kept: folder that takes inputs which show a fault.

    Returns:
        How many of each kind were "read" or "refused", or showed each fault: "KIND: fault: WORDS".
    """
    rng, tally, spent_s = random.Random(seed), Counter[str](), defaultdict[str, float](float)
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        trials = {}
        for kind in kinds:
            (folder := Path(scratch, kind)).mkdir()
            trials[kind] = stack.enter_context(closing(KINDS[kind](folder, rng)))
            next(trials[kind])  # what it takes to begin is not its share
        end = time.monotonic() + seconds
        while time.monotonic() < end and (inputs is None or tally.total() < inputs):
            kind, began_s = min(kinds, key=lambda kind: spent_s[kind]), time.monotonic()
            trial = next(trials[kind])
            found = f"{kind}: {outcome(trial, Path(scratch, kind))}"
            tally[found] += 1
            if FAULT in found:
                (kept / f"{seed}-{tally.total()}-{trial.name}").write_bytes(trial.data)
            spent_s[kind] += time.monotonic() - began_s
    return tally


if __name__ == "__main__":
    limit_memory(MEMORY)
    print(json.dumps(fuzz(float(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))))
