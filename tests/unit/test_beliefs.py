"""Beliefs about diffusion and autoregression: supported, contradicted or open, as the data have it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fabricated import FakeRun, default_world, fabricate, only

from vbench_lite.advise import advise
from vbench_lite.advise.answer import Advice
from vbench_lite.advise.beliefs import BeliefVerdict, verdict_of

LD, AR, HYBRID = "reference/latent-diffusion", "reference/autoregressive", "reference/hybrid"


def verdicts(found: Advice) -> dict[str, BeliefVerdict]:
    return {belief.id: belief.verdict for belief in found.beliefs}


def test_beliefs_follow_the_data() -> None:
    found = advise([fabricate(prompts=32)])
    # in this world diffusion needs 1.9 s and the token model 2.6 s; the token model is less coherent
    assert verdicts(found)["speed"] is BeliefVerdict.SUPPORTED
    assert verdicts(found)["coherence"] is BeliefVerdict.CONTRADICTED
    speed = next(b for b in found.beliefs if b.id == "speed")
    assert speed.numbers[0].value == pytest.approx(1.9 / 2.6, rel=0.08)
    assert "first frame" in speed.words
    for belief in found.beliefs:
        assert all(n.ci is None or n.ci[0] <= n.value <= n.ci[1] for n in belief.numbers)


def test_a_belief_is_open_without_both_families_or_with_mixed_signs() -> None:
    alone = advise([only(fabricate(), LD, HYBRID)])
    assert set(verdicts(alone).values()) == {BeliefVerdict.OPEN}
    assert verdict_of([1, 1], 1) is BeliefVerdict.SUPPORTED
    assert verdict_of([-1, -1], 1) is BeliefVerdict.CONTRADICTED
    assert verdict_of([1, -1], 1) is verdict_of([1, 0], 1) is verdict_of([], 1) is BeliefVerdict.OPEN


def test_copies_leave_every_difference_open() -> None:
    world = default_world()
    mean = {m: {**levels, AR: levels[LD]} for m, levels in world.mean.items()}
    calls = {m: {**levels, AR: levels[LD]} for m, levels in world.calls.items()}
    found = advise([fabricate(replace(world, mean=mean, calls=calls))])
    assert set(verdicts(found).values()) == {BeliefVerdict.OPEN}


def measured(metric: str, levels: dict[str, tuple[float, float]]) -> FakeRun:
    """A run with one more metric of clips: (mean, spread between clips) by generator."""
    run = fabricate(run_id="more", created="2026-01-02T00:00:00Z")
    rng = np.random.default_rng(5)
    rows = [
        replace(row, metric=metric, value=levels[row.generator][0] + rng.normal(0, levels[row.generator][1]))
        for row in run.score_rows
        if row.metric == "frames/sharpness" and row.generator in levels
    ]
    return replace(run, score_rows=rows)


@pytest.mark.parametrize(
    ("metric", "mean", "verdict"),
    [
        ("horizon/sharpness_drift", -0.05, BeliefVerdict.SUPPORTED),
        ("horizon/sharpness_drift", 0.0, BeliefVerdict.CONTRADICTED),
        ("reconstruction/high_frequency_kept", 0.8, BeliefVerdict.SUPPORTED),
        ("reconstruction/high_frequency_kept", 1.0, BeliefVerdict.CONTRADICTED),
    ],
)
def test_drift_and_detail_are_held_against_nothing_lost(
    metric: str, mean: float, verdict: BeliefVerdict
) -> None:
    which = "drift" if metric.startswith("horizon") else "detail"
    alike = measured(metric, dict.fromkeys((LD, AR, HYBRID), (mean, 0.005)))
    assert verdicts(advise([fabricate()], support=[alike]))[which] is verdict
    noisy = measured(metric, dict.fromkeys((LD, AR, HYBRID), (mean if mean in (0, 1) else 0.999 * mean, 3.0)))
    assert verdicts(advise([fabricate()], support=[noisy]))[which] is BeliefVerdict.OPEN
    mixed = measured(metric, {LD: (mean, 0.005), AR: (0.9 - mean, 0.005), HYBRID: (mean, 0.005)})
    assert len(next(b for b in advise([fabricate()], support=[mixed]).beliefs if b.id == which).numbers) == 3
    assert "--suite" in next(b for b in advise([fabricate()]).beliefs if b.id == which).words


def test_of_very_many_pairs_only_counts_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vbench_lite.advise.beliefs.MOST_PAIRS", 0)
    speed = next(b for b in advise([fabricate(prompts=32)]).beliefs if b.id == "speed")
    assert (speed.verdict, speed.numbers) == (BeliefVerdict.SUPPORTED, ())
    assert speed.words == "Of 1 pairs of generators 1 agree with it, 0 go the other way, 0 leave it open."
