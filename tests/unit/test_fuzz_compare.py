"""Two arbitrary runs compare to numbers that mean something, or to one line."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
from fabricated import FakeRun, default_world, fabricate
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vbench_lite.compare import RunArm, compare
from vbench_lite.errors import VBenchLiteError
from vbench_lite.report.ci.markdown import markdown
from vbench_lite.stats.noninferiority import Verdict

HYBRID = "reference/hybrid"
IDENTITY = "coherence/shapes_identity"


def damaged(factor: float, seed: int, lost: float, broken: float, fingerprint: str) -> FakeRun:
    """A run with another level, of whose rows some are gone and some have an error for a value."""
    world = default_world()
    mean = {name: {arm: v * factor for arm, v in levels.items()} for name, levels in world.mean.items()}
    run = fabricate(replace(world, mean=mean), noise_seed=seed, run_id="c", fingerprint=fingerprint)
    rng = np.random.default_rng(seed)
    scores = []
    for row in run.score_rows:
        if rng.random() < lost:
            continue
        if rng.random() < broken:
            row = replace(row, status="error", value=None, low=None, high=None, reason="it broke")
        scores.append(row)
    samples = [
        row if rng.random() >= broken else replace(row, status="failed", reason="it broke", clip_sha256=None)
        for row in run.sample_rows
    ]
    return replace(run, score_rows=scores, sample_rows=samples)


@settings(max_examples=20)
@given(
    factor=st.floats(0.01, 100.0),
    seed=st.integers(0, 5),
    lost=st.floats(0, 1),
    broken=st.floats(0, 1),
    fingerprint=st.sampled_from(["m1", "m2"]),
)
@example(factor=1.0, seed=0, lost=0.0, broken=0.0, fingerprint="m1")
@example(factor=1.0, seed=0, lost=1.0, broken=0.0, fingerprint="m1")
@example(factor=1.0, seed=0, lost=0.0, broken=1.0, fingerprint="m1")
@example(factor=100.0, seed=0, lost=0.97, broken=0.5, fingerprint="m2")
def test_any_two_runs_compare(factor: float, seed: int, lost: float, broken: float, fingerprint: str) -> None:
    first, second = fabricate(), damaged(factor, seed, lost, broken, fingerprint)
    try:
        found = compare(RunArm(first, HYBRID), RunArm(second, HYBRID))
    except VBenchLiteError as error:
        assert "\n" not in str(error)
        return
    assert found.verdict in Verdict
    json.dumps(found.as_dict(), allow_nan=False)
    assert found.verdict.value in markdown(found)
    for result in found.metrics:
        if result.delta is not None:
            assert math.isfinite(result.delta)
        if result.ci is not None:
            assert result.ci[0] <= result.ci[1]
        if fingerprint == "m2" and result.metric == IDENTITY:
            assert result.delta is None, "numbers of two measurements are never subtracted"
