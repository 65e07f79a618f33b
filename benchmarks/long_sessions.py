"""Steered sessions of the hybrid up to 300 s: peak memory by length, and one killed in its middle."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, summarise
from benchmarks.kills import records, start
from vbench_lite.run import runner
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.store.rundir import RunDir, list_runs

FPS, SIDE = 8, 32
SHORT_S, LONGEST_S = (60, 120, 240), 300
POLL_S, PATIENCE_S = 0.1, 900.0
SUITE = """
name: long-sessions
version: 1
description: one prompt, two scripts
prompts: {{dataset: shapes, count: 1, tags: [slowly]}}
request:
  {{num_frames: {frames}, height: {side}, width: {side}, fps: {fps}, given: image,
   scripts: [D*7 0*5 A*7 W*7 0*5 S*7, D*7 0*5 S*7 A*7 0*5 W*7]}}
samples: {samples}
metrics: []
axes: {{}}
"""
MB = 1e6


def measure() -> list[Figure]:
    """Peaks of the generating process, then what a kill inside the second long session costs."""
    figures, peaks = [], {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for seconds in SHORT_S:
            (row,) = _made(folder, seconds)
            peaks[seconds] = float(row["peak_bytes"])
        first, second, lost, again = _killed(folder)
        peaks[LONGEST_S] = float(first["peak_bytes"])
    for seconds, peak in peaks.items():
        figures.append(summarise(f"peak memory of a session of {seconds} s", [peak / MB], "MB"))
    clip = (LONGEST_S - SHORT_S[0]) * FPS * SIDE * SIDE * 3
    grown = (peaks[LONGEST_S] - peaks[SHORT_S[0]]) / MB
    target = f"at most twice the frames, {2 * clip / MB:.0f} MB"
    took = [float(row["total_s"]) for row in (first, second)]
    what = f"killed in the second of two sessions of {LONGEST_S} s"
    return [
        *figures,
        summarise(f"growth from {SHORT_S[0]} s to {LONGEST_S} s", [grown], "MB", target),
        summarise(f"a session of {LONGEST_S} s takes", took, "s", f"below {LONGEST_S} s"),
        summarise(f"{what}: finished sessions lost or made again", [float(lost)], "", "0"),
        summarise(f"{what}: sessions that the resumed run made", [float(again)], "", "1"),
    ]


def _suite(folder: Path, seconds: int, samples: int) -> Path:
    path = folder / f"long-{seconds}.yaml"
    path.write_text(SUITE.format(frames=seconds * FPS, side=SIDE, fps=FPS, samples=samples), encoding="utf-8")
    return path


def _made(folder: Path, seconds: int) -> list[dict[str, Any]]:
    """The sample rows of a run with one session, made in a fresh process."""
    generator = GeneratorSpec(label="hybrid", adapter="reference/hybrid")
    spec = RunSpec(generators=(generator,), suites=(str(_suite(folder, seconds, 1)),), controls=False)
    root = folder / f"root-{seconds}"
    outcome = runner.run(spec, root)
    if outcome.failed:
        raise RuntimeError(f"the session of {seconds} s failed: {outcome.messages}")
    return RunDir(root, outcome.run_id).rows("sample")


def _killed(folder: Path) -> tuple[dict[str, Any], dict[str, Any], int, int]:
    """The rows of both sessions; finished sessions lost or made again; sessions the resumed run made."""
    root, spec = folder / "killed", folder / "spec.yaml"
    spec.write_text(
        f"generators: [{{label: hybrid, adapter: reference/hybrid}}]\n"
        f"suites: [{_suite(folder, LONGEST_S, 2)}]\ncontrols: false\n",
        encoding="utf-8",
    )
    process = start(spec, root)
    began_s = time.monotonic()
    while not _samples(root):
        if process.poll() is not None or time.monotonic() - began_s > PATIENCE_S:
            raise RuntimeError("the run makes nothing")
        time.sleep(POLL_S)
    (before,) = _samples(root)
    time.sleep(before["total_s"] / 2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if len(_samples(root)) != 1:
        raise RuntimeError("the kill came after the second session")
    if start(spec, root).wait() != 0:
        raise RuntimeError("the resumed run failed")
    rows = list_runs(root)[0].rows("sample")
    kept = [row for row in rows if row["worker"] == before["worker"]]
    same = [row for row in kept if row["clip_sha256"] == before["clip_sha256"]]
    (other,) = [row for row in rows if row["sample_id"] != before["sample_id"]]
    return same[0], other, 1 - len(same), len(rows) - len(kept)


def _samples(root: Path) -> list[dict[str, Any]]:
    return [record for record in records(root) if record["kind"] == "sample"]
