"""Sweeps over settings that are all as good as the base: REGRESSED is called in one of twenty at most."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from fabricated import World, fabricate
from fabricated_sweep import world

from vbench_lite.compare.sweep import sweep
from vbench_lite.metric import Axis
from vbench_lite.run.plan.sweep import ROLES
from vbench_lite.stats.noninferiority import Verdict

SWEEPS, PROMPTS = 40, 32
SETTINGS = ("steps-8", "steps-16", "bf16", "tiled")
METRICS = ("frames/sharpness", "alignment/shapes_direction", "vbench/temporal_flickering")
AXES = {
    "quality": {"metrics": {"frames/sharpness": 1}},
    "alignment": {"metrics": {"alignment/shapes_direction": 1}},
    "coherence": {"metrics": {"vbench/temporal_flickering": 1}},
}


def called(noise_seed: int, factors: dict[str, float]) -> dict[str, Verdict | None]:
    """The verdict of each setting: every arm is drawn anew around the levels of the base."""
    usual = world({name: factors if name == "bf16" else {} for name in SETTINGS})
    mean = {metric: usual.mean[metric] for metric in METRICS}
    drawn = World(mean, binary=usual.binary, bounds=usual.bounds)
    run = fabricate(drawn, prompts=PROMPTS, noise_seed=noise_seed)
    suite = {**run.doc.suites[0], "metrics": list(METRICS), "axes": AXES}
    found = sweep(replace(run, doc=replace(run.doc, suites=[suite], sweep=dict(ROLES))))
    assert all(set(row.axes) == {Axis.QUALITY, Axis.ALIGNMENT, Axis.COHERENCE} for row in found.rows)
    return {row.setting: row.verdict for row in found.rows}


def test_a_sweep_without_a_loss_calls_none_in_19_of_20() -> None:
    alarms = [Verdict.REGRESSED in called(seed, {}).values() for seed in range(SWEEPS)]
    assert sum(alarms) <= 0.05 * SWEEPS


def test_a_planted_loss_is_called_and_it_alone() -> None:
    for seed in range(5):
        verdicts = called(seed, {"frames/sharpness": 0.8})
        assert [name for name, verdict in verdicts.items() if verdict is Verdict.REGRESSED] == ["bf16"]
