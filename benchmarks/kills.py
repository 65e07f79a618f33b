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
        _start(spec, folder / "alone").wait()
        kills, lost = _killed(spec, folder / "killed")
        alone, killed = (list_runs(folder / name)[0] for name in ("alone", "killed"))
        records = _samples(folder / "killed")
        repeated = sum(count - 1 for count in records.values()) + SAMPLES - len(records)
        differ = sum(_numbers(alone).get(key) != value for key, value in _numbers(killed).items())
        differ += len(_numbers(alone).keys() - _numbers(killed).keys())
    what = f"a run of {SAMPLES} samples killed {kills} times"
    return [
        summarise(f"{what}: kills that hit a running process", [float(kills)], "", f"{KILLS}"),
        summarise(f"{what}: finished samples lost", [float(lost)], "", "0"),
        summarise(f"{what}: samples recorded twice, or not", [float(repeated)], "", "0"),
        summarise(f"{what}: scores that differ", [float(differ)], "", "0"),
    ]


def _killed(spec: Path, root: Path) -> tuple[int, int]:
    """Kill until the count is reached, then let the run end; kills that hit, and samples lost."""
    chance = random.Random(0)
    kept: set[tuple[str, str]] = set()
    kills = lost = 0
    while kills < KILLS:
        process = _start(spec, root)
        wanted = _count(root) + chance.randint(0, max(1, 3 * SAMPLES // KILLS))
        before = time.monotonic()
        while process.poll() is None and _count(root) < wanted and time.monotonic() - before < PATIENCE_S:
            time.sleep(POLL_S)
        time.sleep(chance.uniform(0.0, 0.05))
        if process.poll() is not None:
            if process.returncode == 0:  # all was done before the kill: begin another run
                _start(spec, root, "--fresh").wait()
            continue
        os.killpg(process.pid, signal.SIGKILL) if kills % 2 else os.kill(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
        found = set(_samples(root))
        lost += len(kept - found)
        kept = found
    _start(spec, root).wait()
    return kills, lost


def _start(spec: Path, root: Path, *flags: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(PROGRAM), "run", str(spec), "--root", str(root), *flags],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _records(root: Path) -> list[dict[str, Any]]:
    return [
        record
        for path in sorted((root / "runs").glob("*/journal/*.jsonl"))
        for record in read_journal(path).records
    ]


def _count(root: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in (root / "runs").glob("*/journal/*.jsonl"))


def _samples(root: Path) -> Counter[tuple[str, str]]:
    return Counter((r["generator"], r["sample_id"]) for r in _records(root) if r["kind"] == "sample")


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
