"""A steered suite from the request to the board: arms, the hybrid, and a run that was stopped."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from command_line import process

from vbench_lite.metric import Axis
from vbench_lite.results.board import build_board
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.runner import run
from vbench_lite.store.journal import read_journal
from vbench_lite.store.rundir import RunDir, list_runs
from vbench_lite.suite import load_suite

SUITE = """
name: steered
version: 1
description: a test
prompts: {dataset: shapes, count: 3, tags: [slowly]}
request:
  {num_frames: 33, height: 32, width: 32, fps: 8, given: image, scripts: [D*7 0*5 A*7 W*9, D*7 0*5 S*7 A*9]}
samples: 6
metrics: [interaction/followed, interaction/frame_accuracy, interaction/divergence, interaction/revisit,
  interaction/onset_s]
axes:
  control: CONTROL
"""
KILLED = """
name: killed
version: 1
description: a test
prompts: {dataset: shapes, count: 3, tags: [slowly]}
request: {num_frames: 40, height: 32, width: 32, fps: 8, given: image, scripts: [D*4 A*4]}
samples: 3
metrics: []
axes: {}
"""
ARMS = {"oracle", "action-blind", "delayed-3", "copy-last", "swapped-keys"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunSpec, RunDir]:
    folder = tmp_path_factory.mktemp("steered")
    path = folder / "steered.yaml"
    control = load_suite("interactive").axes[Axis.CONTROL]  # the axis as it is shipped
    path.write_text(SUITE.replace("CONTROL", control.model_dump_json(exclude_defaults=True)))
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
    assert score["oracle"].value == 1.0 and score["action-blind"].value == score["swapped-keys"].value == 0.0
    late, still = score["delayed-3"].value, score["copy-last"]
    assert late is not None and 0.0 < late < 1.0
    assert still.value is None and "interaction/revisit" in str(still.reason)  # no memory to judge
    own = hybrid.axes[Axis.CONTROL]
    assert own.low is not None and own.high is not None
    assert 0.0 < own.low < own.high < 1.0  # told apart from who ignores actions, and from the world itself


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


def test_a_run_killed_inside_a_session_makes_that_session_again_and_nothing_else(tmp_path: Path) -> None:
    suite, begun, root = tmp_path / "killed.yaml", tmp_path / "begun.txt", tmp_path / "root"
    suite.write_text(KILLED)
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        f"generators: [{{label: g, adapter: 'deadly_session:Doomed', config: {{begun: {begun}}}}}]\n"
        f"suites: [{suite}]\ncontrols: false\n"
    )
    here = str(Path(__file__).parent)
    assert process("run", spec, "--root", root, PYTHONPATH=here).code == -signal.SIGKILL
    (directory,) = list_runs(root)
    (journal,) = (directory.path / "journal").glob("*.jsonl")
    kept = [one for one in read_journal(journal).records if one["kind"] == "sample"]
    assert process("run", spec, "--root", root, PYTHONPATH=here).code == 0
    rows = directory.rows("sample")
    first, second, third = (row["sample_id"] for row in rows)
    assert [one["sample_id"] for one in kept] == [first]
    assert begun.read_text().split() == [first, second, second, third]
    assert rows[0]["clip_sha256"] == kept[0]["clip_sha256"] and {row["status"] for row in rows} == {"ok"}
    assert [row["num_frames"] for row in rows] == [40] * 3  # a session is whole or not there
