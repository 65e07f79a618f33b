"""One small plan that is carried out in many ways, and everything of a run that has to be equal then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vbench_lite.run.executors.contract import Executor
from vbench_lite.run.plan.shards import Shard
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.runner import run
from vbench_lite.store.rundir import RunDir

SUITE = """
name: equal
version: 1
description: every kind of metric that reads clips
prompts: {dataset: shapes, count: 10}
request: {num_frames: 16, height: 32, width: 32, fps: 8}
samples: 10
reference: {count: 16}
metrics: [frames/sharpness, alignment/shapes_colour, distribution/frechet_shapes, distribution/kvd_shapes,
  diversity/feature_distance]
axes: {}
"""
ARMS = 2
SAMPLES = 10


def specification(folder: Path, **config: Any) -> RunSpec:
    """Two generators, one of them in batches of three."""
    suite = folder / "equal.yaml"
    suite.write_text(SUITE)
    config = {"world": True, **config}
    toys = (
        GeneratorSpec(label="toy", adapter="toys:Toy", config=config),
        GeneratorSpec(label="toy-of-three", adapter="toys:Toy", config=config, batch=3),
    )
    return RunSpec(generators=toys, suites=(str(suite),), samples=SAMPLES, controls=False)


def carry_out(
    folder: Path, executor: Executor | None = None, *, shard: Shard | None = None, **config: Any
) -> RunDir:
    """Run the plan below a folder and return its run, or its part."""
    root = folder / "root"
    outcome = run(specification(folder, **config), root, executor=executor, shard=shard)
    assert not outcome.interrupted
    return RunDir(root, outcome.run_id, folder="runs" if shard is None else "shards")


def clips(run: RunDir) -> dict[tuple[str, str], str]:
    """The sha256 of every clip; equal pixels, equal hash."""
    return {(row["generator"], row["sample_id"]): row["clip_sha256"] for row in run.rows("sample")}


def numbers(run: RunDir) -> dict[tuple[str, str, str, str | None], tuple[Any, ...]]:
    """Every score with all that is stored beside it, to the last bit."""
    return {
        (row["generator"], row["level"], row["metric"], row["sample_id"]): (
            row["status"],
            row["value"],
            row["low"],
            row["high"],
            row["n"],
            None if row["replicates"] is None else tuple(row["replicates"]),
            row["fingerprint"],
            row["extras"],
        )
        for row in run.rows("score")
    }
