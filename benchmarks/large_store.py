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
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figure import Figure, summarise
from benchmarks.stored_rows import PROGRAM, figures, peak_bytes, samples, stored, timed, write_rows
from vbench_lite.results.board_index import FOLDER
from vbench_lite.run.plan.plan import Plan, build_plan
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.store.schema import ScoreRecord

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
        return _leaderboard(root / "wide") + _resume(root / "long")


def _leaderboard(root: Path) -> list[Figure]:
    count = _wide_run(root)
    command = [str(PROGRAM), "leaderboard", "--json", "--root", str(root)]
    cold, warm = [], []
    for _ in range(REPEATS):
        shutil.rmtree(root / FOLDER, ignore_errors=True)
        cold.append(timed(command))
        warm.append(timed(command))
    found = []
    for name, measured in (("cold, every row read", cold), ("warm, from the index", warm)):
        found += figures(f"leaderboard over {count:,} score rows, {name}", measured, "at most 1 s")
    run = next((root / "runs").iterdir()).name
    for verb in (
        ["store", "verify"], ["export", run, "--format", "parquet", "-o", str(root / "parquet")],
        ["export", run, "--format", "csv", "-o", str(root / "csv")],
    ):  # fmt: skip
        told = " ".join(word for word in verb if word != run and not word.startswith(str(root)))
        measured = [timed([str(PROGRAM), *verb, "--root", str(root)], fine=(0, 3))]
        found += figures(f"{told.removesuffix(' -o')} over {count:,} score rows", measured, "")
    return found


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
            sizes.append(peak_bytes(process.pid) / 2**30)
            process.kill()
        with journal.open("r+b") as file:
            file.truncate(whole)
    what = f"going on with a run of {SAMPLES:,} finished samples"
    return [
        summarise(f"{what}, to the first one made", starts, "s", "at most 3 s"),
        summarise(f"{what}, peak memory until then", sizes, "GiB", "at most 1 GiB"),
    ]


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
    made = samples(plan)
    rng = np.random.default_rng(0)
    scores: list[dict[str, Any]] = []
    for name in metrics:
        values = rng.normal(10.0, 1.0, len(made)).tolist()
        for sample, value in zip(made, values, strict=True):
            record = ScoreRecord(
                sample["generator"], "large", "sample", name, "ok", value, sample_id=sample["sample_id"],
                prompt_id=sample["prompt_id"], fingerprint=f"metric={name}@1",
                extras='{"unit": "", "higher_is_better": true}',
            )  # fmt: skip
            scores.append(asdict(record))
    write_rows(stored(root, plan, "finished"), {"sample": made, "score": scores})
    return len(scores)


def _long_run(root: Path) -> Path:
    plan, spec = _plan(root, 1, SAMPLES + LEFT, ["frames/sharpness"])
    run = stored(root, plan, "interrupted")
    with run.journal("runner") as journal:
        journal.extend({"kind": "sample", **row} for row in samples(plan)[:SAMPLES])
    clips = root / "pool" / "clips"
    clips.mkdir(parents=True)
    for sha in run.clips():
        (clips / f"{sha}.mkv").touch()  # a sample whose clip is gone would be made again
    return spec
