"""How like each other the clips of equal seeds are, where both arms have them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fabricated import FakeRun, fabricate
from test_compare import HYBRID

from vbench_lite.compare import RunArm, compare
from vbench_lite.compare.differences import pair
from vbench_lite.compare.fidelity import fidelity, pair_metrics
from vbench_lite.results.arms import Arm, read_arms
from vbench_lite.store.pool import Pool
from vbench_lite.suites.reconstruction.psnr import Psnr
from vbench_lite.weights import files


def _with_clips(run: FakeRun, hashes: dict[str, str]) -> FakeRun:
    rows = [
        replace(row, clip_sha256=hashes.get(row.sample_id)) if row.generator == HYBRID else row
        for row in run.sample_rows
    ]
    return replace(run, sample_rows=rows)


def _arm(run: FakeRun) -> Arm:
    return next(arm for arm in read_arms(run, "quick") if arm.generator == HYBRID)


@pytest.fixture
def runs(tmp_path: Path) -> tuple[FakeRun, FakeRun, Pool]:
    """Four prompts: the same clip, one grey level more, ten more, and another size."""
    pool = Pool(tmp_path)
    base = np.full((20, 16, 16, 3), 100, dtype=np.uint8)
    first = {f"p{i:03d}-0": pool.put(base, 8.0) for i in range(4)}
    others = [base, base + 1, base + 10, np.full((20, 8, 8, 3), 100, dtype=np.uint8)]
    second = {f"p{i:03d}-0": pool.put(clip, 8.0) for i, clip in enumerate(others)}
    run = fabricate(prompts=4)
    return _with_clips(run, first), _with_clips(replace(run, run_id="b"), second), pool


def test_equal_clips_are_counted_and_the_most_changed_lead(runs: tuple[FakeRun, FakeRun, Pool]) -> None:
    first, second, pool = runs
    arms = _arm(first), _arm(second)
    found = fidelity(*arms, pair(*arms), (pool, pool), [Psnr])
    assert (found.pairs, found.identical) == (4, 1)
    facts = found.metrics["reconstruction/psnr"]
    one, ten = 20 * np.log10(255.0), 20 * np.log10(25.5)
    assert facts["value"] == pytest.approx((one + ten) / 2)
    assert facts["n"] == 2
    assert [change.prompt for change in found.most_changed] == ["p003", "p002", "p001"]
    assert len(found.reasons) == 1 and next(iter(found.reasons.values())) == 1
    assert "1 of 4 identical" in found.lines()[0]


def test_a_comparison_holds_it_where_clips_are_at_hand(runs: tuple[FakeRun, FakeRun, Pool]) -> None:
    first, second, pool = runs
    arms = RunArm(first, HYBRID), RunArm(second, HYBRID)
    assert compare(*arms).as_dict()["fidelity"] is None
    document = compare(*arms, pools=(pool, pool)).as_dict()["fidelity"]
    assert document["identical"] == 1
    same = compare(arms[0], arms[0], pools=(pool, pool)).fidelity
    assert same is not None and "all 4 are identical" in same.lines()[0]


def test_a_comparison_takes_only_metrics_whose_weights_are_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VBENCH_LITE_CACHE", str(tmp_path))
    names = {metric.info.id for metric in pair_metrics()}
    assert {"reconstruction/psnr", "reconstruction/ssim"} <= names
    assert not {"reconstruction/lpips", "reconstruction/lpips_vgg", "reconstruction/dists"} & names
    monkeypatch.setattr(files, "cached", lambda key: tmp_path / key)
    assert "reconstruction/lpips" in {metric.info.id for metric in pair_metrics()}
