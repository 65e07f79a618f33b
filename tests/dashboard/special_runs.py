"""Runs that only one page shows in full: steered sessions (Live use), and a sweep (Settings)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fabricated import FAMILIES, fabricate, store_run, world_of
from fabricated_sweep import fabricated

from vbench_lite.datasets.shapes import real_clip, sample_scenes
from vbench_lite.metric import Measurement
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.tables import FILES, arrow, measurement_row, write_table
from vbench_lite.suite import load_suite

STEERED, SWEEP = "steered", "sweep"


def make_steered_run(root: Path, *, prompts: int = 4) -> RunDir:
    """A run of the suite `interactive`: every arm has one clip, every generator one timed session."""
    suite = load_suite("interactive")
    made = fabricate(world_of(suite), suite=suite, prompts=prompts, run_id=STEERED)
    arms = list(dict.fromkeys(row.generator for row in made.sample_rows))
    pool = Pool(root)
    scenes = zip(arms, sample_scenes(len(arms), seed=0), strict=True)
    clips = {arm: pool.put(real_clip(scene, seed=0), 8.0) for arm, scene in scenes}
    samples = [replace(row, clip_sha256=clips[row.generator]) for row in made.sample_rows]
    run = store_run(replace(made, sample_rows=samples), root)
    calls = [
        Measurement(
            label, "base", 0, "warm", None, 2.0, ((0.2, 4), (0.5, 4), (1.5, 4)), 12, 12, 1, 32, 32, 8.0,
            controls=((0.0, 0.0, 0), (0.3, 0.4, 4), (0.9, 1.0, 8)),
        )
        for label in FAMILIES
    ]  # fmt: skip
    rows = [measurement_row(call, suite.name) for call in calls]
    write_table(run.path / FILES["measurement"], "measurement", arrow("measurement", rows), {})
    return run


def make_sweep(root: Path) -> RunDir:
    """A sweep with a setting that costs nothing, one that costs detail, and one that helps nobody."""
    fast = {"speed/latency_s": 0.5, "speed/stage_denoise_s": 1 / 3}
    blurred = {"frames/sharpness": 0.3, "distribution/kvd_shapes": 2.5}
    settings = {"compiled": fast, "blurred": fast | blurred, "slower": {"speed/latency_s": 1.5}}
    made = fabricated(settings, equal=("base-again", "compiled", "slower"), prompts=16)
    return store_run(replace(made, run_id=SWEEP, doc=replace(made.doc, run_id=SWEEP)), root)
