"""Set metrics of arms with unlike clips: made again on the requests in common, or refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vbench_lite import registry
from vbench_lite.compare import Comparison, MetricResult, RunArm, compare, load_policy
from vbench_lite.datasets import shapes
from vbench_lite.run.scoring.clip_pass import ClipPass
from vbench_lite.run.scoring.features import Extractors
from vbench_lite.run.scoring.scorer import score_run
from vbench_lite.stats.jackknife import standard_error
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import GeneratorEntry, RunDocument, SampleRecord
from vbench_lite.suite import Suite, parse_suite

KERNEL, DISTANCE = "distribution/kvd_shapes", "diversity/feature_distance"
COUNT, FRAMES, SIDE, FPS = 20, 16, 32, 8.0
SCENES = shapes.sample_scenes(COUNT, 0)


def _suite(count: int = 6) -> Suite:
    return parse_suite(
        {
            "name": "tiny",
            "version": 1,
            "description": "",
            "prompts": {"dataset": "shapes", "count": COUNT},
            "request": {"num_frames": FRAMES, "height": SIDE, "width": SIDE, "fps": FPS},
            "reference": {"count": count, "seed": 1},
            "metrics": [KERNEL, DISTANCE],
            "axes": {"quality": {"metrics": {KERNEL: 1}}},
        },
        "test",
    )


def _scored(
    root: Path, name: str, lost: Sequence[int] = (), *, light: float = 1.0, fps: float = FPS
) -> RunDir:
    """A scored run whose clips of some requests are missing; light: a factor on every pixel."""
    run, pool, suite = RunDir(root, name), Pool(root), _suite()
    entry = GeneratorEntry("a", "x", {}, "cpu", 1, {}, "f")
    content = [suite.model_dump(mode="json")]
    run.write_document(
        RunDocument(name, "finished", "2026-01-01", None, 0, COUNT, [entry], content, False, {}, {})
    )
    with run.journal("worker") as journal:
        for index, scene in enumerate(SCENES):
            clip = shapes.real_clip(scene, index, FRAMES, SIDE, SIDE)
            frames = (clip * light).astype(np.uint8)
            record = SampleRecord(
                "a", "tiny", f"p{index:02d}-s0", f"p{index:02d}", scene.caption, index, "ok",
                clip_sha256=pool.put(frames, FPS), num_frames=FRAMES, requested_frames=FRAMES, height=SIDE,
                width=SIDE, requested_height=SIDE, requested_width=SIDE, fps=fps,
            )  # fmt: skip
            if index in lost:
                record = replace(record, status="failed", reason="it broke", clip_sha256=None)
            journal.append({"kind": "sample", **record.as_dict()})
    assert score_run(run, suite).errors == 0
    return run


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs under one root: whole, without one request, and pairs that have the common requests only."""
    folder = tmp_path_factory.mktemp("joint")
    _scored(folder, "whole")
    _scored(folder, "part", (3,), light=0.8)
    _scored(folder, "other-part", (7,), light=0.8)
    for name, light in (("baseline", 1.0), ("candidate", 0.8)):
        _scored(folder, f"{name}-without-3", (3,), light=light)
    return folder


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """The same, to be spoilt."""
    return Path(shutil.copytree(root, tmp_path / "root"))


def _compare(root: Path, first: str, second: str) -> Comparison:
    policy = load_policy().model_copy(update={"margins": {KERNEL: 0.1, DISTANCE: 0.1}})
    return compare(RunArm(RunDir(root, first), "a"), RunArm(RunDir(root, second), "a"), policy=policy)


def _result(root: Path, first: str, second: str, metric: str = KERNEL) -> MetricResult:
    return next(r for r in _compare(root, first, second).metrics if r.metric == metric)


def _row(root: Path, run: str, metric: str) -> dict[str, Any]:
    return next(row for row in RunDir(root, run).rows("score") if row["metric"] == metric)


def _forget(root: Path, run: str, places: slice) -> None:
    """Remove the cached features of some clips of a run."""
    shas = [row["clip_sha256"] for row in RunDir(root, run).rows("sample") if row["clip_sha256"]]
    for sha in shas[places]:
        for file in (root / "pool" / "features").rglob(f"{sha}.npy"):
            file.unlink()


@pytest.mark.parametrize("metric", [KERNEL, DISTANCE])
def test_the_value_is_that_of_runs_with_exactly_the_common_requests(root: Path, metric: str) -> None:
    found = _result(root, "whole", "part", metric)
    mine, its = (_row(root, f"{name}-without-3", metric) for name in ("baseline", "candidate"))
    assert (found.baseline, found.candidate) == (mine["value"], its["value"])
    assert found.baseline != _row(root, "whole", metric)["value"]
    sign = 1 if found.higher_is_better else -1
    assert found.delta == pytest.approx(sign * (its["value"] - mine["value"]))
    assert (found.n, found.units) == (COUNT - 1, "prompts")
    assert found.ci is not None and found.delta is not None
    half = 2.1009 * standard_error(np.array(its["replicates"]) - np.array(mine["replicates"]))  # t, 18 dof
    assert found.ci[1] - found.delta == pytest.approx(half, rel=1e-3)
    assert found == _result(root, "baseline-without-3", "candidate-without-3", metric)


def test_sets_of_one_size_of_other_requests_are_made_again_as_well(root: Path) -> None:
    found = _result(root, "part", "other-part")
    assert found.n == COUNT - 2
    assert (found.delta, found.ci) == (0.0, (0.0, 0.0))  # the clips in common are the same
    assert _row(root, "part", KERNEL)["value"] != _row(root, "other-part", KERNEL)["value"]


def test_no_clip_is_read(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = _compare(copy, "whole", "part").as_dict()
    shutil.rmtree(copy / "pool" / "clips")

    def never(*_: object) -> None:
        raise AssertionError("a network was asked for")

    monkeypatch.setattr(Extractors, "stream", never)
    assert _compare(copy, "whole", "part").as_dict() == expected


def test_equal_sets_cost_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("stored values were at hand")

    monkeypatch.setattr(ClipPass, "run", never)
    monkeypatch.setattr(Extractors, "cached", never)
    assert _result(root, "baseline-without-3", "candidate-without-3").delta is not None


def _refusal(root: Path) -> str:
    found = _result(root, "whole", "part")
    assert (found.verdict, found.delta, found.baseline, found.ci) == (Verdict.INCOMPARABLE, None, None, None)
    return str(found.reason)


START = "n: 20 and 19 clips; a value over a set depends on how many (on the 19 in common: "


def test_features_that_are_not_cached_are_a_reason(copy: Path) -> None:
    _forget(copy, "part", slice(0, 2))
    assert _refusal(copy) == START + "features of 2 clips are not cached)"
    shutil.rmtree(copy / "pool" / "features")
    assert _refusal(copy) == START + "features of 38 clips are not cached)"


def test_the_clip_that_one_arm_lacks_is_not_needed(copy: Path) -> None:
    lost = next(r for r in RunDir(copy, "whole").rows("sample") if r["sample_id"] == "p03-s0")
    for file in (copy / "pool" / "features").rglob(f"{lost['clip_sha256']}.npy"):
        file.unlink()
    assert _result(copy, "whole", "part").delta is not None


def test_a_metric_of_another_version_is_no_stand_in(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = registry.load("metrics", KERNEL)
    version = kind.info.version
    monkeypatch.setattr(kind, "info", replace(kind.info, version=version + 1))
    reason = f"metric: {KERNEL}@{version + 1} here, {KERNEL}@{version} when it was scored)"
    assert _refusal(root) == START + reason


def test_a_metric_that_is_not_installed_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = registry.names
    monkeypatch.setattr(registry, "names", lambda group: [n for n in names(group) if n != KERNEL])
    assert _refusal(root) == START + f"no set metric {KERNEL} is installed)"


def test_clips_asked_for_at_another_rate_are_refused(tmp_path: Path) -> None:
    _scored(tmp_path, "whole")
    _scored(tmp_path, "part", (3,), fps=4.0)
    assert _refusal(tmp_path) == "requests: 16x32x32@8 and 16x32x32@4 for sample p00-s0"


def test_below_nine_requests_in_ten_nothing_is_made_again(root: Path) -> None:
    _scored(root, "few", (1, 2, 3))
    assert (_result(root, "whole", "few").reason or "").startswith("requests: 17 of 20 were answered by both")


def test_the_document_has_the_keys_of_any_other_comparison(root: Path) -> None:
    again, stored = (
        _compare(root, first, second).as_dict()
        for first, second in (("whole", "part"), ("baseline-without-3", "candidate-without-3"))
    )
    json.dumps(again, allow_nan=False)
    assert again.keys() == stored.keys()
    assert [m.keys() for m in again["metrics"]] == [m.keys() for m in stored["metrics"]]
