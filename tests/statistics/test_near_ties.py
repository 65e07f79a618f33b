"""What a share of draws is worth where true differences are about as large as the noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from vbench_lite.stats.pareto import best_probability, joint_draws, near_tie

N, WORLDS = 16, 40_000


def test_a_share_of_draws_is_too_sure_on_near_ties_and_its_correction_is_not() -> None:
    rng = np.random.default_rng(0)
    noise = 1 / math.sqrt(N)
    truth = rng.normal(0, noise, WORLDS)
    units = truth[:, None] + rng.normal(size=(WORLDS, N))
    t = np.abs(units.mean(axis=1)) / (units.std(axis=1, ddof=1) / math.sqrt(N))
    said = special.stdtr(N - 1, t)
    right = np.sign(units.mean(axis=1)) == np.sign(truth)
    for low, high, least in ((0.90, 0.95, 0.04), (0.95, 0.99, 0.04)):
        there = (said > low) & (said < high)
        corrected = np.mean([near_tie(share) for share in said[there]])
        assert said[there].mean() - right[there].mean() > least
        assert abs(corrected - right[there].mean()) < 0.015


def test_where_generators_differ_by_more_than_the_noise_draws_are_right() -> None:
    rng = np.random.default_rng(1)
    noise = 1 / math.sqrt(N)
    truth = rng.normal(0, 6 * noise, WORLDS)
    units = truth[:, None] + rng.normal(size=(WORLDS, N))
    t = np.abs(units.mean(axis=1)) / (units.std(axis=1, ddof=1) / math.sqrt(N))
    said = special.stdtr(N - 1, t)
    there = (said > 0.9) & (said < 0.99)
    right = np.sign(units.mean(axis=1)) == np.sign(truth)
    assert abs(said[there].mean() - right[there].mean()) < 0.02


def test_a_share_is_that_of_the_paired_t_test() -> None:
    rng = np.random.default_rng(2)
    units = rng.normal(0.3, 1.0, N)
    out = (units.sum() - units) / (N - 1)
    drawn = joint_draws(
        np.array([units.mean(), 0.0]), np.stack([out, np.zeros(N)]), np.zeros(2), draws=20_000
    )
    t = units.mean() / (units.std(ddof=1) / math.sqrt(N))
    share = float(best_probability(drawn)[0])
    assert share == pytest.approx(float(special.stdtr(N - 1, t)), abs=0.01)
    assert near_tie(0.97) == pytest.approx(0.908, abs=0.001)
    assert (near_tie(0.4), near_tie(1.0)) == (0.4, 1.0)
