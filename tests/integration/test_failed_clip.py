"""One failed clip leaves sets comparable: made again from the features that scoring kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from command_line import vbench_lite

from vbench_lite.datasets import shapes
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.runner import run

DISTANCE = "diversity/feature_distance"
SUITE = """
name: tiny
version: 1
description: a test
prompts: {texts: TEXTS}
request: {num_frames: 16, height: 32, width: 32, fps: 8}
samples: 1
metrics: [diversity/feature_distance]
axes: {diversity: {metrics: {diversity/feature_distance: 1}}}
"""


def _distance(root: Path) -> dict[str, Any]:
    done = vbench_lite("compare", "latest:whole", "latest:part", "--json", "--root", root)
    assert done.code == 0, done.err
    return next(result for result in done.json["metrics"] if result["metric"] == DISTANCE)


def test_one_failed_clip_leaves_a_set_metric_comparable(tmp_path: Path) -> None:
    texts = [scene.caption for scene in shapes.sample_scenes(12, 0)]
    suite, root = tmp_path / "tiny.yaml", tmp_path / "root"
    suite.write_text(SUITE.replace("TEXTS", json.dumps(texts)))
    arms = (
        GeneratorSpec(label="whole", adapter="toys:Toy", config={"world": True}),
        GeneratorSpec(label="part", adapter="toys:Fussy", config={"refuses": texts[4]}),
    )
    spec = RunSpec(generators=arms, suites=(str(suite),), samples=12, controls=False)
    outcome = run(spec, root)
    assert (outcome.ok, outcome.failed) == (23, 1)

    found = _distance(root)
    assert found["n"] == 11 and found["verdict"] != "INCOMPARABLE"
    assert found["delta"] == found["candidate"] - found["baseline"]

    shutil.rmtree(root / "pool" / "features")
    lost = _distance(root)
    assert (lost["verdict"], lost["delta"], lost["baseline"]) == ("INCOMPARABLE", None, None)
    assert lost["reason"].startswith("n: 12 and 11 clips")
    assert lost["reason"].endswith("features of 22 clips are not cached)")


def test_a_generator_without_a_valid_clip_is_not_to_be_scored_again(tmp_path: Path) -> None:
    suite, root = tmp_path / "tiny.yaml", tmp_path / "root"
    suite.write_text(SUITE.replace("TEXTS", '["no"]').replace(DISTANCE, "frames/sharpness"))
    fussy = GeneratorSpec(label="fussy", adapter="toys:Fussy", config={"refuses": "no"})
    outcome = run(RunSpec(generators=(fussy,), suites=(str(suite),), controls=False), root)
    assert (outcome.ok, outcome.failed) == (0, 1)
    told = vbench_lite("leaderboard", "--root", root)
    assert told.code == 0, told.err
    assert "frames/sharpness: no valid clip" in told.out
