"""A steered suite from the request to the board: arms, the hybrid, and a run that was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vbench_lite.metric import Axis
from vbench_lite.results.board import build_board
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.runner import run
from vbench_lite.store.rundir import RunDir

SUITE = """
name: steered
version: 1
description: a test
prompts: {dataset: shapes, count: 3, tags: [slowly]}
request:
  {num_frames: 33, height: 32, width: 32, fps: 8, given: image, scripts: [D*7 0*5 A*7 W*9, D*7 0*5 S*7 A*9]}
samples: 6
metrics: [interaction/followed, interaction/divergence, interaction/onset_s]
axes:
  control:
    metrics: {interaction/followed: 1}
    gate: {metric: interaction/divergence, floor: 0.5}
    floors: {interaction/followed: action-blind}
"""
ARMS = {"oracle", "action-blind", "delayed-3", "copy-last", "swapped-keys"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunSpec, RunDir]:
    folder = tmp_path_factory.mktemp("steered")
    path = folder / "steered.yaml"
    path.write_text(SUITE)
    spec = RunSpec(
        generators=(GeneratorSpec(label="hybrid", adapter="reference/hybrid"),), suites=(str(path),)
    )
    outcome = run(spec, folder / "root")
    assert outcome.failed == 0
    return folder / "root", spec, RunDir(folder / "root", outcome.run_id)


def test_the_hybrid_is_between_the_oracle_and_who_ignores_actions(made: Any) -> None:
    board = build_board([made[2]])
    (hybrid,) = board.rows
    controls = {row.arm.generator: row for row in board.controls}
    assert controls.keys() == ARMS

    def value(row: Any, metric: str) -> Any:
        return row.arm.estimates[f"interaction/{metric}"].value

    assert value(hybrid, "followed") >= 0.8
    assert value(controls["oracle"], "followed") == 1.0 > value(controls["action-blind"], "followed")
    assert value(controls["swapped-keys"], "followed") == 0.0
    assert value(controls["action-blind"], "divergence") == 0.0 < value(hybrid, "divergence")
    assert value(controls["delayed-3"], "onset_s") == pytest.approx(3 / 8)
    score = {name: row.axes[Axis.CONTROL] for name, row in controls.items()}
    assert score["oracle"].value == 1.0 and score["action-blind"].value == 0.0
    low = hybrid.axes[Axis.CONTROL].low
    assert low is not None and low > 0.0  # whoever ignores actions is told apart


def test_a_session_is_one_sample_and_a_run_that_was_stopped_makes_none_again(made: Any) -> None:
    root, spec, directory = made
    before = {(row["generator"], row["sample_id"]): row["clip_sha256"] for row in directory.rows("sample")}
    assert len(before) == 6 * (1 + len(ARMS))
    document = directory.document()
    document.status = "interrupted"
    directory.write_document(document)
    again = run(spec, root)
    after = {(row["generator"], row["sample_id"]): row["clip_sha256"] for row in directory.rows("sample")}
    assert again.run_id == directory.run_id and after == before
