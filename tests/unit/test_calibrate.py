"""A/A: equal generators seldom alarm, more prompts find smaller losses, and what is missing is said."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from fabricated import FakeRun, default_world, fabricate

from vbench_lite.compare.aa_test import Calibration, MetricCalibration, advice, calibrate
from vbench_lite.compare.policy import Policy
from vbench_lite.errors import StoreError
from vbench_lite.report.terminal.calibration import calibration_text
from vbench_lite.stats.delta import Delta
from vbench_lite.store.run_names import in_words

HYBRID = "reference/hybrid"
DIRECTION = "alignment/shapes_direction"
IDENTITY = "coherence/shapes_identity"


def repeats(count: int = 4, prompts: int = 16, seeds: int = 1) -> list[FakeRun]:
    return [
        fabricate(
            run_id=f"repeat-{i}", seed=i, noise_seed=100 + i, controls=False, prompts=prompts, seeds=seeds
        )
        for i in range(count)
    ]


def row(calibration: Calibration, metric: str, generator: str = HYBRID) -> MetricCalibration:
    return next(m for m in calibration.metrics if (m.generator, m.metric) == (generator, metric))


@pytest.fixture(scope="module")
def found() -> Calibration:
    return calibrate(fabricate(), repeats(), draws=60)


def test_the_run_is_called_as_people_call_it(found: Calibration) -> None:
    run = fabricate()
    assert found.called == in_words(run.document()) and found.run == run.run_id
    assert str(next(iter(calibration_text(found).renderables))).startswith(found.called)  # type: ignore[union-attr]


def test_equal_generators_seldom_alarm(found: Calibration) -> None:
    assert set(found.gate) == {"reference/latent-diffusion", "reference/autoregressive", HYBRID}
    for rate in found.gate.values():
        assert rate.of == 60 and rate.value <= 0.05
        assert rate.low <= rate.value <= rate.high


def test_every_judged_metric_has_a_verdict_for_every_draw(found: Calibration) -> None:
    for metric in found.metrics:
        assert sum(metric.verdicts.values()) == 60
        assert metric.alarms.count == metric.verdicts.get("REGRESSED", 0)
    assert row(found, "coverage").verdicts == {"PASS": 60}


def test_more_prompts_find_smaller_losses(found: Calibration) -> None:
    many = calibrate(fabricate(prompts=64), repeats(prompts=64), draws=40)
    few, lots = row(found, IDENTITY), row(many, IDENTITY)
    assert few.detectable is not None and lots.detectable is not None
    assert lots.detectable == pytest.approx(few.detectable / 2, rel=0.35)  # as 1 / sqrt(n)
    assert (few.n, lots.n, few.units) == (16, 64, "prompts")


def test_every_seed_of_a_prompt_is_paired() -> None:
    found = calibrate(fabricate(seeds=3), repeats(seeds=3), draws=5)
    coverage, identity = row(found, "coverage"), row(found, IDENTITY)
    assert (coverage.n, coverage.units) == (48, "requests") and (identity.n, identity.units) == (
        16,
        "prompts",
    )


def test_what_is_needed_tells_the_margin_from_none(found: Calibration) -> None:
    """As many prompts as said find a loss as large as the margin in about 4 of 5 comparisons."""
    identity = row(found, IDENTITY)
    assert identity.needed is not None and identity.margin is not None and identity.needed > 16
    level = 0.025 / sum(one.primary for one in found.metrics if one.generator == HYBRID and one.margin)
    units = [0.05 * 0.9 * 2**0.5 * x for x in np.random.default_rng(0).normal(size=(2000, identity.needed))]
    told = [Delta.of(one - identity.margin).p_below(0.0) <= level for one in units]
    assert 0.6 < np.mean(told) < 0.95
    assert any("prompts for" in line for line in advice(found))


def test_no_number_of_rounds_makes_two_runs_one_occasion(found: Calibration) -> None:
    latency = row(found, "speed/latency_s")
    assert latency.needed is None and latency.detectable is not None
    assert any(line.startswith("no number of rounds tells") and "latency" in line for line in advice(found))
    memory = row(found, "memory/peak_bytes")  # which no occasion changes: its rounds are enough
    assert memory.needed == memory.n and not any("memory" in line for line in advice(found))


def test_a_margin_below_the_noise_is_called_out_as_alarms() -> None:
    """Speeds that differ from repeat to repeat by far more than calls do within one: the machine's fault."""
    moody = []
    for place, run in enumerate(repeats()):
        rows = [
            replace(score, value=score.value * (1.0 + 0.5 * (place % 2)))
            if score.level == "call" and score.value is not None
            else score
            for score in run.score_rows
        ]
        moody.append(replace(run, score_rows=rows))
    found = calibrate(fabricate(), moody, draws=60)
    assert found.gate[HYBRID].low > 0.05
    assert any("raise the margins" in line for line in advice(found))


def test_only_primary_metrics_make_the_gate_alarm() -> None:
    policy = Policy(name="mine", primary=(IDENTITY,))
    found = calibrate(fabricate(), repeats(), policy=policy, draws=20)
    assert [m.metric for m in found.metrics if m.primary and m.generator == HYBRID] == ["coverage", IDENTITY]


def test_a_repeat_in_which_a_metric_failed_ends_in_no_fault() -> None:
    """Its draws have the values of the other repeats."""
    first, *others = repeats(3)
    lost = [
        replace(row, value=None, status="error", reason="boom", fingerprint="")
        if row.metric == IDENTITY and row.generator == HYBRID
        else row
        for row in first.score_rows
    ]
    found = calibrate(fabricate(), [replace(first, score_rows=lost), *others], draws=20)
    assert "INCOMPARABLE" in row(found, IDENTITY).verdicts or row(found, IDENTITY).n < 16


def test_one_repeat_is_no_comparison() -> None:
    with pytest.raises(StoreError, match="needs 2 repeats, there are 1"):
        calibrate(fabricate(), repeats(1))


def test_a_generator_that_a_repeat_lacks_is_named() -> None:
    world = default_world()
    smaller = {m: {g: v for g, v in levels.items() if g != HYBRID} for m, levels in world.mean.items()}
    other = fabricate(replace(world, mean=smaller), run_id="repeat-x", controls=False)
    with pytest.raises(StoreError, match=f"repeat repeat-x has no generator '{HYBRID}'"):
        calibrate(fabricate(), [*repeats(2), other], draws=20)


def test_json_holds_plain_values(found: Calibration) -> None:
    document = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert document["gate"][HYBRID]["value"] == found.gate[HYBRID].value
    assert document["metrics"][0].keys() >= {"metric", "detectable", "margin", "needed", "alarms"}
    assert document["advice"] == advice(found)
