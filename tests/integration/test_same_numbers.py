"""One process, two, and parts on machines of their own: equal clips and equal scores."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from command_line import vbench_lite
from one_plan import ARMS, SAMPLES, carry_out, clips, numbers, specification

from vbench_lite.errors import SpecError, StoreError
from vbench_lite.run.executors.local import LocalExecutor
from vbench_lite.run.merge import find_parts, merge
from vbench_lite.run.plan.plan import build_plan
from vbench_lite.run.plan.shards import Shard, parse_shard, part_of
from vbench_lite.run.scoring import score_part
from vbench_lite.store.rundir import RunDir, list_runs


@pytest.fixture(scope="module", autouse=True)
def small_parts() -> object:
    """Parts of four clips in this process, so that a small run has several to merge."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(score_part, "PART_CLIPS", 4)
        patch.setattr("vbench_lite.run.scoring.scorer.PART_CLIPS", 4)
        yield


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return carry_out(tmp_path_factory.mktemp("alone"))


def test_the_plan_covers_every_kind_of_score(alone: RunDir) -> None:
    assert len(clips(alone)) == ARMS * SAMPLES
    levels = Counter((level, row[0]) for (_, level, _, _), row in numbers(alone).items())
    assert levels[("sample", "ok")] == ARMS * SAMPLES * 2
    assert levels[("set", "ok")] == ARMS * 3


def test_two_workers_give_the_same_numbers(alone: RunDir, tmp_path: Path) -> None:
    two = carry_out(tmp_path, LocalExecutor(workers=2))
    assert clips(two) == clips(alone)
    assert numbers(two) == numbers(alone)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stored_run_scored_once_more_gets_the_same_numbers(
    alone: RunDir, tmp_path: Path, workers: str
) -> None:
    root = tmp_path / "root"
    shutil.copytree(alone.root, root)
    again = RunDir(root, alone.run_id)
    shutil.rmtree(root / "pool" / "features")
    for file in ("journal/scorer.jsonl", "scores.parquet"):
        (again.path / file).unlink()
    assert numbers(again) == {}
    done = vbench_lite("score", alone.run_id, "--workers", workers, "--json", "--root", root)
    assert (done.code, done.json["errors"]) == (0, 0), done.err
    assert numbers(again) == numbers(alone)
    assert (again.path / "logs" / "scorer.log").exists() == (workers == "2")


def test_workers_are_for_stored_runs(tmp_path: Path) -> None:
    told = vbench_lite("score", tmp_path, "--workers", "2")
    assert told.code == 2
    assert "--workers, --executor and --address are for a stored RUN" in told.err


def test_parts_on_machines_of_their_own_give_the_same_numbers(alone: RunDir, tmp_path: Path) -> None:
    parts = []
    for index in (1, 2):
        (tmp_path / f"machine{index}").mkdir()
        parts.append(carry_out(tmp_path / f"machine{index}", shard=Shard(index, 2)))
    made = [set(clips(part)) for part in parts]
    assert made[0] | made[1] == set(clips(alone))
    assert not made[0] & made[1]
    assert {label for label, _ in made[0]} == {label for label, _ in made[1]} == {k for k, _ in clips(alone)}
    assert list_runs(tmp_path / "machine1" / "root") == [], "a part is no run"
    outcome = merge(tmp_path / "whole", find_parts(tmp_path, [str(p.path) for p in parts]), LocalExecutor())
    whole = RunDir(tmp_path / "whole", outcome.run_id)
    assert (outcome.ok, outcome.failed) == (ARMS * SAMPLES, 0)
    assert outcome.run_id == alone.run_id
    assert clips(whole) == clips(alone)
    assert numbers(whole) == numbers(alone)
    with pytest.raises(StoreError, match=r"of 2 parts these are missing: 2"):
        merge(tmp_path / "half", parts[:1], LocalExecutor())
    with pytest.raises(StoreError, match="part 1/2 is there twice"):
        merge(tmp_path / "half", [parts[0], parts[0]], LocalExecutor())


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100])
def test_parts_split_the_plan_evenly_and_once(tmp_path: Path, count: int) -> None:
    plan = build_plan(specification(tmp_path))
    parts = [part_of(plan, Shard(index, count)) for index in range(1, count + 1)]
    made = Counter((b.generator, b.key) for part in parts for b in part.batches)
    assert made == Counter((b.generator, b.key) for b in plan.batches)
    assert sum(len(part.refused) for part in parts) == len(plan.refused)
    toys = [sum(batch.generator == "toy" for batch in part.batches) for part in parts]
    assert max(toys) - min(toys) <= 1
    assert {part.run_id for part in parts} == {plan.run_id}


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "-1/2", "1/2/3", "a/b", "1/0", "1 /2"])
def test_a_part_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="is no part of a run"):
        parse_shard(text)


def test_the_command_line_makes_parts_and_merges_them(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    suite = tmp_path / "tiny.yaml"
    suite.write_text(
        "name: tiny\nversion: 1\ndescription: a test\nprompts: {dataset: shapes, count: 2}\nsamples: 2\n"
        "metrics: [frames/sharpness]\naxes: {}\n"
    )
    spec.write_text(
        f"generators: [{{label: n, adapter: control/noise}}]\nsuites: [{suite}]\ncontrols: false\n"
    )
    early = vbench_lite("merge", "abc", "--root", tmp_path)
    assert early.code == 2
    assert "no part of a run is named 'abc'" in early.err
    for index in (1, 2):
        done = vbench_lite("run", spec, "--shard", f"{index}/2", "--json", "--root", tmp_path)
        assert done.code == 0, done.err
        assert (done.json["shard"], done.json["ok"]) == (f"{index}/2", 1)
    run_id = done.json["part"].rsplit("-", 3)[0]
    merged = vbench_lite("merge", run_id, "--workers", "2", "--json", "--root", tmp_path)
    assert merged.code == 0, merged.err
    assert (merged.json["run"], merged.json["ok"]) == (run_id, 2)
    assert json.loads((tmp_path / "runs" / run_id / "run.json").read_text())["shard"] is None
    again = vbench_lite("run", spec, "--json", "--root", tmp_path)
    assert again.json["run"] == run_id
    assert any("finished already" in message for message in again.json["messages"])
