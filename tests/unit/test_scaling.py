"""Exponents, limits and crossings in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from vbench_lite.errors import NotApplicable
from vbench_lite.stats.scaling import CrossingState, find_crossing, fit_line, fit_power, largest_within

SIZES = [8, 16, 32, 64]


def test_a_power_law_gives_back_its_exponent() -> None:
    line = fit_power(SIZES, [0.3 * n**1.7 for n in SIZES])
    assert line.slope == pytest.approx(1.7)
    assert math.exp(line.intercept) == pytest.approx(0.3)
    assert line.r_squared == pytest.approx(1.0)


def test_a_line_agrees_with_an_independent_implementation() -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(1, 9, 20)
    y = 2 + 0.5 * x + rng.normal(0, 0.3, 20)
    ours, theirs = fit_line(x.tolist(), y.tolist()), stats.linregress(x, y)
    assert ours.slope == pytest.approx(theirs.slope)
    assert ours.intercept == pytest.approx(theirs.intercept)
    assert ours.r_squared == pytest.approx(theirs.rvalue**2)
    interval = ours.slope_interval()
    half = stats.t.ppf(0.975, 18) * theirs.stderr
    assert interval.low == pytest.approx(theirs.slope - half)
    assert interval.high == pytest.approx(theirs.slope + half)


@pytest.mark.parametrize(("x", "y"), [([1, 2], [1, 2]), ([4, 4, 4], [1, 2, 3])])
def test_too_little_for_a_line_is_not_applicable(x: list[float], y: list[float]) -> None:
    with pytest.raises(NotApplicable):
        fit_line(x, y)
    with pytest.raises(NotApplicable):
        fit_power([1, 2, 4], [0.0, 1.0, 2.0])


def test_the_largest_request_is_where_the_line_meets_the_limit() -> None:
    exact = fit_line(SIZES, [100 + 5 * n for n in SIZES])
    found = largest_within(exact, 1100)
    assert found is not None and found.value == pytest.approx(200)

    rng = np.random.default_rng(0)
    noisy = fit_line(SIZES * 3, [100 + 5 * n + rng.normal(0, 3) for n in SIZES * 3])
    found = largest_within(noisy, 1100)
    assert found is not None and found.low is not None and found.high is not None
    assert found.low < found.value < found.high
    # By definition the band of one more observation meets the limit at both ends.
    assert noisy.prediction(found.low).high == pytest.approx(1100)
    assert noisy.prediction(found.high).low == pytest.approx(1100)


def test_memory_that_does_not_grow_sets_no_limit() -> None:
    assert largest_within(fit_line(SIZES * 2, [100, 101, 99, 100, 101, 100, 100, 99]), 1e9) is None


def test_a_crossing_is_found_between_curves_that_cross() -> None:
    rng = np.random.default_rng(1)
    sizes = SIZES * 3
    first = [0.1 * n * rng.lognormal(0, 0.02) for n in sizes]
    second = [0.1 / 24 * n**2 * rng.lognormal(0, 0.02) for n in sizes]
    found = find_crossing(sizes, first, second)
    assert found.state is CrossingState.FOUND
    assert (found.smaller_below, found.smaller_above) == (1, 0)
    assert found.at is not None and found.at.low is not None and found.at.high is not None
    assert found.at.low < 24 < found.at.high
    assert found.at.value == pytest.approx(24, rel=0.03)


def test_curves_apart_do_not_cross_in_range() -> None:
    rng = np.random.default_rng(2)
    sizes = SIZES * 3
    first = [n * rng.lognormal(0, 0.02) for n in sizes]
    found = find_crossing(sizes, first, [3 * n**1.2 for n in sizes])
    assert found.state is CrossingState.NONE
    assert (found.at, found.smaller_below, found.smaller_above) == (None, 0, 0)


def test_equal_curves_leave_it_undecided() -> None:
    wobble = [1.05, 0.95, 0.95, 1.05, 0.95, 1.05, 1.05, 0.95]
    first = [n * factor for n, factor in zip(SIZES * 2, wobble, strict=True)]
    found = find_crossing(SIZES * 2, first, [float(n) for n in SIZES * 2])
    assert found.state is CrossingState.UNDECIDED
    assert found.at is None


def test_a_crossing_without_noise_has_no_width() -> None:
    found = find_crossing(SIZES, [n * 1.0 for n in SIZES], [n**2 / 24 for n in SIZES])
    assert found.at is not None
    assert found.at.low == pytest.approx(found.at.value) == pytest.approx(24)
