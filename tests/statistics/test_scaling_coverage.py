"""The intervals of scaling hold the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from vbench_lite.stats.scaling import CrossingState, find_crossing, fit_line, fit_power, largest_within

REPEATS = 1000
SIZES = np.array([8, 16, 24, 32, 48] * 3, np.float64)


def test_exponents_are_covered() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(REPEATS):
        times = 0.02 * SIZES**1.3 * rng.lognormal(0, 0.05, len(SIZES))
        interval = fit_power(SIZES.tolist(), times.tolist()).slope_interval()
        assert interval.low is not None and interval.high is not None
        held += interval.low <= 1.3 <= interval.high
    assert 0.93 <= held / REPEATS <= 0.97


def test_one_more_run_at_the_predicted_size_stays_on_its_side() -> None:
    """The largest request: where a further process of that size needs the limit itself."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(REPEATS):
        peaks = 300e6 + 2e6 * SIZES + rng.normal(0, 1.5e6, len(SIZES))
        one_more = 300e6 + 2e6 * 200 + rng.normal(0, 1.5e6)
        found = largest_within(fit_line(SIZES.tolist(), peaks.tolist()), one_more)
        assert found is not None and found.low is not None and found.high is not None
        held += found.low <= 200 <= found.high
    assert 0.93 <= held / REPEATS <= 0.97


@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_crossings_are_covered(noise: float) -> None:
    rng = np.random.default_rng(2)
    held = found = wrong = 0
    for _ in range(REPEATS):
        drift = np.repeat(rng.lognormal(0, 0.2, 3), 5)  # a round's drift falls on both
        first = 0.1 * SIZES * drift * rng.lognormal(0, noise, len(SIZES))
        second = 0.1 / 20 * SIZES**2 * drift * rng.lognormal(0, noise, len(SIZES))
        crossing = find_crossing(SIZES.tolist(), first.tolist(), second.tolist())
        wrong += crossing.state is CrossingState.NONE
        if crossing.at is not None:
            assert crossing.at.low is not None and crossing.at.high is not None
            found += 1
            held += crossing.at.low <= 20 <= crossing.at.high
    assert wrong == 0
    assert found > 0.95 * REPEATS
    assert 0.93 <= held / found <= 0.97
