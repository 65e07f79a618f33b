"""Ratios from interleaved rounds: closed forms, and coverage under drift, bursts and spikes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.log_ratio_aa import coverage
from vbench_lite.errors import NotApplicable
from vbench_lite.stats.rounds import interleaved, separate


def rounds(*medians: float) -> dict[int, list[float]]:
    return {number: [median * 0.9, median, median * 1.5] for number, median in enumerate(medians)}


def test_few_rounds_are_students_t_on_the_rounds_log_ratios() -> None:
    first, second = rounds(1.0, 2.0, 4.0), rounds(1.1, 2.0, 4.2)
    delta = interleaved(first, second)
    differences = np.log([1.1, 1.0, 1.05])
    expected = stats.ttest_1samp(differences, 0.0).confidence_interval()
    assert delta.value == pytest.approx(differences.mean())
    assert delta.interval() == pytest.approx((expected.low, expected.high))


def test_a_spoilt_round_of_many_hardly_matters() -> None:
    first = rounds(*[1.0] * 6)
    clean = interleaved(first, rounds(1.0, 1.02, 0.98, 1.01, 0.99, 1.0))
    spoilt = interleaved(first, rounds(9.0, 1.02, 0.98, 1.01, 0.99, 1.0))
    assert abs(spoilt.value - clean.value) < 0.01
    assert spoilt.interval()[1] < math.log(1.05)


def test_the_trimmed_interval_is_tukey_and_mclaughlins() -> None:
    ratios = np.array([0.00, 0.01, 0.03, 0.04, 0.09, 0.50])
    delta = interleaved(rounds(*[1.0] * 6), rounds(*np.exp(ratios)))
    winsorised = [0.01, 0.01, 0.03, 0.04, 0.09, 0.09]
    assert delta.value == pytest.approx(stats.trim_mean(ratios, 1 / 6))
    assert delta.se == pytest.approx(np.std(winsorised, ddof=1) / ((1 - 2 / 6) * math.sqrt(6)))
    assert delta.dof == 3


def test_only_rounds_that_both_have_count() -> None:
    first, second = rounds(1.0, 1.0, 1.0), rounds(1.1, 1.2)
    assert interleaved(first, second).n == 2
    with pytest.raises(NotApplicable):
        interleaved(first, {5: [1.0]})
    with pytest.raises(NotApplicable):
        interleaved(first, {0: [1.0], 1: [0.0]})


def test_two_runs_are_compared_by_welch() -> None:
    first, second = rounds(1.0, 1.1, 0.9), rounds(1.5, 1.6, 1.4, 1.55)
    delta = separate(first, second)
    expected = stats.ttest_ind(
        np.log([1.5, 1.6, 1.4, 1.55]), np.log([1.0, 1.1, 0.9]), equal_var=False
    ).confidence_interval()
    assert delta.interval() == pytest.approx((expected.low, expected.high))
    with pytest.raises(NotApplicable):
        separate(first, rounds(1.0))


def test_equal_times_have_no_width() -> None:
    for ratio in (interleaved, separate):
        delta = ratio(rounds(1.0, 1.0), rounds(1.0, 1.0))
        assert delta.interval() == (0.0, 0.0)


@pytest.mark.parametrize(("count", "calls"), [(5, 6), (6, 5), (8, 4)])
def test_equal_generators_differ_as_seldom_as_the_interval_says(count: int, calls: int) -> None:
    held, half = coverage(count, calls, pairs=1000, seed=count)
    assert 0.93 <= held <= 0.97
    assert half < 0.10


def test_numbers_that_may_be_zero_are_subtracted() -> None:
    never, often = {0: [0.0, 0.0], 1: [0.0], 2: [0.0]}, {0: [2.0], 1: [3.0], 2: [4.0]}
    for compare in (interleaved, separate):
        assert compare(never, never, ratio=False).interval() == (0.0, 0.0)
        assert compare(never, often, ratio=False).value == pytest.approx(3.0)
        with pytest.raises(NotApplicable, match="positive"):
            compare(never, often)
