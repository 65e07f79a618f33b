"""A planted loss of 0.9, 1.1 and 2 margins: calibration, gate and leaderboard say the same of it."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from fabricated import FakeRun, fabricate

from vbench_lite.compare import RunArm, compare
from vbench_lite.compare.aa_test import calibrate
from vbench_lite.metric import Axis
from vbench_lite.results.board import build_board
from vbench_lite.stats.noninferiority import Verdict

METRIC, MINE, OTHER = "frames/sharpness", "reference/hybrid", "copy"
NOISE = 0.02  # standard deviation of a paired difference
DRAWS = 8


def world(n: int) -> FakeRun:
    """A run of one generator, its controls and one metric, with one axis."""
    run = fabricate(prompts=n)
    kept = {MINE, "real", "frozen", "noise", "shuffled"}
    suite = {**run.doc.suites[0], "metrics": [METRIC], "axes": {"quality": {"metrics": {METRIC: 1}}}}
    entries = [entry for entry in run.doc.generators if entry.label == MINE]
    return replace(
        run,
        doc=replace(run.doc, suites=[suite], generators=entries),
        sample_rows=[row for row in run.sample_rows if row.generator in kept],
        score_rows=[row for row in run.score_rows if row.generator in kept and row.metric == METRIC],
    )


def noisy(run: FakeRun, rng: np.random.Generator, loss: float = 0.0, **names: str) -> FakeRun:
    """The run with other clips of its generator: equal but for a loss and the luck of each clip."""
    label = names.get("label", MINE)
    scores = [row for row in run.score_rows if row.generator == MINE]
    luck = rng.normal(-loss, NOISE / np.sqrt(2), size=len(scores))
    mine = [
        replace(row, generator=label, value=float((row.value or 0.0) + change))
        for row, change in zip(scores, luck, strict=True)
    ]
    clips = [
        replace(row, generator=label, clip_sha256=f"{rng.integers(1 << 60)}")
        for row in run.sample_rows
        if row.generator == MINE
    ]
    others = label != MINE
    return replace(
        run,
        doc=replace(
            run.doc,
            generators=[*run.doc.generators, replace(run.doc.generators[0], label=label)]
            if others
            else run.doc.generators,
        ),
        run_id=names.get("run_id", run.run_id),
        sample_rows=[*(r for r in run.sample_rows if others or r.generator != MINE), *clips],
        score_rows=[*(r for r in run.score_rows if others or r.generator != MINE), *mine],
    )


@pytest.mark.parametrize("n", [16, 32, 64])
def test_calibration_gate_and_board_agree(n: int) -> None:
    rng = np.random.default_rng(n)
    run = world(n)
    repeats = [noisy(run, rng, run_id=f"repeat-{place}") for place in range(4)]
    (found,) = [one for one in calibrate(run, repeats, draws=DRAWS).metrics if one.metric == METRIC]
    assert found.margin is not None and found.detectable is not None
    assert found.alarms.count <= 2
    for size in (0.9, 1.1, 2.0):
        loss, said = size * found.margin, Counter[Verdict]()
        for _ in range(DRAWS):
            both = noisy(noisy(run, rng), rng, loss, label=OTHER)
            judged = compare(RunArm(both, MINE), RunArm(both, OTHER))
            (result,) = [one for one in judged.metrics if one.metric == METRIC]
            assert result.verdict is judged.verdict is not None
            assert result.margin == pytest.approx(found.margin, rel=1e-6)
            said[result.verdict] += 1
            places = {row.arm.generator: row.ranks[Axis.QUALITY] for row in build_board([both]).rows}
            apart = places == {MINE: (1, 1), OTHER: (2, 2)}
            assert result.ci is not None and apart == (result.ci[1] < 0)
        if size > 1:
            assert said[Verdict.PASS] + said[Verdict.IMPROVED] <= 1
        if loss >= 1.1 * found.detectable:
            assert said[Verdict.REGRESSED] >= 0.7 * DRAWS
        if loss <= 0.8 * found.detectable:
            assert said[Verdict.REGRESSED] <= 0.8 * DRAWS
    assert said[Verdict.REGRESSED] == DRAWS  # two margins, with this noise
