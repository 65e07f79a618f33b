"""Fifty kills: a run of 200 samples killed at random moments, against one that was left alone.

Every kill is `kill -9`, of the runner alone or of its whole process group. After each one the journals
are read; at the end the scores are compared, to the last bit, with those of a run that was never killed.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, summarise
from vbench_lite.store.journal import read_journal
from vbench_lite.store.rundir import RunDir, list_runs

PROGRAM = Path(sys.executable).with_name("vbench-lite")
KILLS = int(os.environ.get("BENCH_KILLS", "50"))
SAMPLES = int(os.environ.get("BENCH_KILL_SAMPLES", "200"))
POLL_S, PATIENCE_S = 0.002, 300.0
SUITE = f"""
name: kills
version: 1
description: clip and set metrics
prompts: {{dataset: shapes, count: {min(SAMPLES, 100)}}}
request: {{num_frames: 16, height: 32, width: 32, fps: 8}}
samples: {SAMPLES}
reference: {{count: 32}}
metrics: [frames/sharpness, alignment/shapes_colour, distribution/kvd_shapes]
axes: {{quality: {{metrics: {{frames/sharpness: 1}}}}}}
"""


def measure() -> list[Figure]:
    """Kill a run again and again; count what was lost, repeated, or scored otherwise."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "kills.yaml").write_text(SUITE, encoding="utf-8")
        spec = folder / "spec.yaml"
        spec.write_text(
            f"generators: [{{label: g, adapter: control/real}}]\nsuites: [{folder / 'kills.yaml'}]\n"
            "controls: false\n",
            encoding="utf-8",
        )
        start(spec, folder / "alone").wait()
        wanted = _numbers(list_runs(folder / "alone")[0])
        kills = lost = repeated = differ = 0
        while kills < KILLS:  # a run that ends before its next kill is checked, and another begun
            root = folder / f"killed-{kills}"
            hits, gone = _killed(spec, root, KILLS - kills)
            kills, lost = kills + hits, lost + gone
            made = _samples(root)
            repeated += sum(count - 1 for count in made.values()) + SAMPLES - len(made)
            found = _numbers(list_runs(root)[0])
            differ += sum(wanted.get(key) != found.get(key) for key in wanted.keys() | found.keys())
    what = f"a run of {SAMPLES} samples killed {kills} times"
    return [
        summarise(f"{what}: kills that hit a running process", [float(kills)], "", f"{KILLS}"),
        summarise(f"{what}: finished samples lost", [float(lost)], "", "0"),
        summarise(f"{what}: samples recorded twice, or not", [float(repeated)], "", "0"),
        summarise(f"{what}: scores that differ", [float(differ)], "", "0"),
    ]


def _killed(spec: Path, root: Path, most: int) -> tuple[int, int]:
    """Kill a run up to `most` times, then let it end; kills that hit, and finished samples lost."""
    chance = random.Random(most)
    kept: set[tuple[str, str]] = set()
    kills = lost = 0
    while True:
        process = start(spec, root)
        wanted = _count(root) + chance.randint(0, max(1, 3 * SAMPLES // KILLS))
        before = time.monotonic()
        while kills < most and process.poll() is None and _count(root) < wanted:
            if time.monotonic() - before > PATIENCE_S:
                raise RuntimeError("the run makes nothing")
            time.sleep(POLL_S)
        time.sleep(chance.uniform(0.0, 0.05))
        if kills == most or process.poll() is not None:
            if process.wait() != 0:
                raise RuntimeError(f"the run ended with {process.returncode}")
            return kills, lost
        if kills % 2:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
        found = set(_samples(root))
        lost += len(kept - found)
        kept = found


def start(spec: Path, root: Path) -> subprocess.Popen[bytes]:
    """A run in a process group of its own."""
    return subprocess.Popen(
        [str(PROGRAM), "run", str(spec), "--root", str(root)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def records(root: Path) -> list[dict[str, Any]]:
    """Every record of every journal, as the disk has them."""
    return [
        record
        for path in sorted((root / "runs").glob("*/journal/*.jsonl"))
        for record in read_journal(path).records
    ]


def _count(root: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in (root / "runs").glob("*/journal/*.jsonl"))


def _samples(root: Path) -> Counter[tuple[str, str]]:
    return Counter((r["generator"], r["sample_id"]) for r in records(root) if r["kind"] == "sample")


def _numbers(run: RunDir) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    return {
        (row["level"], row["metric"], row["sample_id"]): (
            row["status"],
            row["value"],
            row["low"],
            row["high"],
        )
        for row in run.rows("score")
    }
