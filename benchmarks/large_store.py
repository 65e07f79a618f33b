"""Large stores: verbs over a million score rows, and going on with 200,000 finished samples.

The rows are made up and written by the store's own writer; the commands are those of a user, in fresh
processes. "Cold" is the first leaderboard after a change of the store, which reads every row; "warm" are
those after it, which find it in the index. "Goes on" is the time from the command to the first sample that
it makes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figure import Figure, summarise
from vbench_lite.results.board_index import FOLDER
from vbench_lite.run.generate.documents import run_document
from vbench_lite.run.plan.plan import Plan, build_plan
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.store import tables
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import SampleRecord, ScoreRecord

PROGRAM = Path(sys.executable).with_name("vbench-lite")
SCORE_ROWS = int(os.environ.get("BENCH_SCORE_ROWS", "1000000"))
SAMPLES = int(os.environ.get("BENCH_SAMPLES", "200000"))
ARMS, METRICS, PROMPTS = 9, 40, 1000
LEFT = 5  # samples that are still to be made
REPEATS = 3
PATIENCE_S = 300.0
SUITE = """
name: large
version: 1
description: many rows
prompts: {{dataset: shapes, count: {prompts}}}
request: {{num_frames: 8, height: 32, width: 32, fps: 8}}
samples: {samples}
metrics: [{metrics}]
axes: {{quality: {{metrics: {{frames/sharpness: 1}}}}}}
"""


def measure() -> list[Figure]:
    """Build both stores and time the commands."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        figures = _leaderboard(root / "wide")
        return figures + _resume(root / "long")


def _leaderboard(root: Path) -> list[Figure]:
    count = _wide_run(root)
    command = [str(PROGRAM), "leaderboard", "--json", "--root", str(root)]
    cold, warm = [], []
    for _ in range(REPEATS):
        shutil.rmtree(root / FOLDER, ignore_errors=True)
        cold.append(_timed(command))
        warm.append(_timed(command))
    figures = []
    for name, measured in (("cold, every row read", cold), ("warm, from the index", warm)):
        figures += _figures(f"leaderboard over {count:,} score rows, {name}", measured, "at most 1 s")
    run = next((root / "runs").iterdir()).name
    for verb in (
        ["store", "verify"], ["export", run, "--format", "parquet", "-o", str(root / "parquet")],
        ["export", run, "--format", "csv", "-o", str(root / "csv")],
    ):  # fmt: skip
        told = " ".join(word for word in verb if word != run and not word.startswith(str(root)))
        measured = [_timed([str(PROGRAM), *verb, "--root", str(root)], fine=(0, 3))]
        figures += _figures(f"{told.removesuffix(' -o')} over {count:,} score rows", measured, "")
    return figures


def _figures(what: str, measured: list[tuple[float, int]], bar: str) -> list[Figure]:
    gib = [size / 2**30 for _, size in measured]
    return [
        summarise(what, [seconds for seconds, _ in measured], "s", bar),
        summarise(f"{what}: peak memory", gib, "GiB", "at most 1 GiB" if bar else ""),
    ]


def _resume(root: Path) -> list[Figure]:
    spec = _long_run(root)
    starts, sizes = [], []
    journal = next((root / "runs").glob("*/journal/runner.jsonl"))
    for _ in range(REPEATS):
        whole = journal.stat().st_size
        before = time.perf_counter()
        with subprocess.Popen(
            [str(PROGRAM), "run", str(spec), "--root", str(root)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            while journal.stat().st_size == whole and time.perf_counter() - before < PATIENCE_S:
                time.sleep(0.002)
            starts.append(time.perf_counter() - before)
            sizes.append(_peak_bytes(process.pid) / 2**30)
            process.kill()
        with journal.open("r+b") as file:
            file.truncate(whole)
    what = f"going on with a run of {SAMPLES:,} finished samples"
    return [
        summarise(f"{what}, to the first one made", starts, "s", "at most 3 s"),
        summarise(f"{what}, peak memory until then", sizes, "GiB", "at most 1 GiB"),
    ]


def _timed(command: list[str], fine: tuple[int, ...] = (0,)) -> tuple[float, int]:
    """Wall seconds and peak resident bytes of a command that ends with one of some exit codes.

    The peak is read while it runs: what `wait4` tells of a child begins with the size of its parent.
    """
    before, peak_bytes = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            with suppress(RuntimeError, FileNotFoundError, ProcessLookupError):
                peak_bytes = _peak_bytes(process.pid)
            time.sleep(0.01)
        seconds = time.perf_counter() - before
    if process.returncode not in fine:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return seconds, peak_bytes


def _peak_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no peak of process {pid} is known")


# --- the stores -------------------------------------------------------------------------------


def _plan(root: Path, arms: int, samples: int, metrics: list[str]) -> tuple[Plan, Path]:
    root.mkdir(parents=True)
    suite = root / "large.yaml"
    suite.write_text(
        SUITE.format(prompts=min(PROMPTS, samples), samples=samples, metrics=", ".join(metrics)),
        encoding="utf-8",
    )
    generators: list[dict[str, Any]] = [
        {"label": f"g{number}", "adapter": "control/noise"} for number in range(arms)
    ]
    document = {"generators": generators, "suites": [str(suite)], "samples": samples, "controls": False}
    spec = root / "spec.yaml"
    spec.write_text(json.dumps(document), encoding="utf-8")
    made = RunSpec(
        generators=tuple(GeneratorSpec(**one) for one in generators),
        suites=(str(suite),), samples=samples, controls=False,
    )  # fmt: skip
    return build_plan(made), spec


def _wide_run(root: Path) -> int:
    metrics = ["frames/sharpness", *(f"test/metric_{number:02d}" for number in range(1, METRICS))]
    per_arm = SCORE_ROWS // (ARMS * METRICS)
    plan, _ = _plan(root, ARMS, per_arm, ["frames/sharpness"])
    run = _stored(root, plan, "finished")
    samples = _samples(plan)
    rng = np.random.default_rng(0)
    scores: list[dict[str, Any]] = []
    for name in metrics:
        values = rng.normal(10.0, 1.0, len(samples)).tolist()
        for sample, value in zip(samples, values, strict=True):
            record = ScoreRecord(
                sample["generator"], "large", "sample", name, "ok", value, sample_id=sample["sample_id"],
                prompt_id=sample["prompt_id"], fingerprint=f"metric={name}@1",
                extras='{"unit": "", "higher_is_better": true}',
            )  # fmt: skip
            scores.append(asdict(record))
    tables.write_table(run.path / tables.FILES["sample"], "sample", tables.arrow("sample", samples), {})
    tables.write_table(run.path / tables.FILES["score"], "score", tables.arrow("score", scores), {})
    count = len(scores)
    run.compact()
    return count


def _long_run(root: Path) -> Path:
    plan, spec = _plan(root, 1, SAMPLES + LEFT, ["frames/sharpness"])
    run = _stored(root, plan, "interrupted")
    with run.journal("runner") as journal:
        journal.extend({"kind": "sample", **row} for row in _samples(plan)[:SAMPLES])
    return spec


def _stored(root: Path, plan: Plan, status: str) -> RunDir:
    run = RunDir(root, plan.run_id)
    document = run_document(plan, run)
    document.status = status
    run.write_document(document)
    return run


def _samples(plan: Plan) -> list[dict[str, Any]]:
    return [
        SampleRecord(
            batch.generator, batch.suite, sample.sample_id, sample.prompt_id, sample.asked.prompt,
            sample.asked.seed, "ok", clip_sha256=f"{number:064x}", num_frames=8, generated_frames=8,
            requested_frames=8, height=32, width=32, requested_height=32, requested_width=32, fps=8.0,
            total_s=0.1, first_frame_s=0.1, peak_bytes=10**8, worker="w:1",
            facts=json.dumps({"phases": {"denoise": 0.1}}), pieces=[8], batch_key=batch.key,
        ).as_dict()
        for number, batch in enumerate(plan.batches)
        for sample in batch.samples
    ]  # fmt: skip
