"""Means over prompts and their intervals against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from vbench_lite.errors import NotApplicable
from vbench_lite.stats.means import Clusters, mean_estimate

UNIT = (0.0, 1.0)


def test_every_prompt_counts_once_whatever_its_seeds() -> None:
    estimate = mean_estimate([1, 1, 1, 4], ["a", "a", "a", "b"])
    assert estimate.value == 2.5
    assert estimate.n == 4
    assert estimate.replicates == (4.0, 1.0)


def test_few_prompts_give_the_t_interval_of_prompt_means() -> None:
    estimate = mean_estimate([1, 3, 4, 6, 9, 9], ["a", "a", "b", "b", "c", "c"])
    expected = stats.ttest_1samp([2, 5, 9], 0).confidence_interval(0.95)
    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high))


def test_all_right_is_wilsons_interval_with_a_correction_for_continuity() -> None:
    """And one clip a little below perfect changes it a little."""
    estimate = mean_estimate([1.0] * 16, range(16), bounds=UNIT)
    expected = stats.binomtest(16, 16).proportion_ci(0.95, method="wilsoncc")
    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high), abs=1e-4)
    nearly = mean_estimate([1.0] * 15 + [0.999], range(16), bounds=UNIT)
    assert (nearly.low, nearly.high) == pytest.approx((estimate.low, estimate.high), abs=1e-3)


@pytest.mark.parametrize("right", [3, 12, 15])
def test_shares_are_wilsons_interval(right: int) -> None:
    estimate = mean_estimate([1.0] * right + [0.0] * (16 - right), range(16), bounds=UNIT)
    expected = stats.binomtest(right, 16).proportion_ci(0.95, method="wilsoncc")
    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high), abs=1e-4)


def test_seeds_of_one_prompt_do_not_pass_for_prompts() -> None:
    values = [1.0] * 40
    many = mean_estimate(values, range(40), bounds=UNIT)
    few = mean_estimate(values, [i % 8 for i in range(40)], bounds=UNIT)
    assert few.low is not None and many.low is not None
    assert few.low < many.low < 1.0


def test_constants_off_the_bounds_have_no_interval() -> None:
    assert mean_estimate([0.5] * 9, range(9), bounds=UNIT).low is None
    assert mean_estimate([3.0] * 9, range(9)).low is None
    assert mean_estimate([3.0], ["a"]).low is None


def test_an_empty_set_is_refused() -> None:
    with pytest.raises(NotApplicable):
        mean_estimate([], [])


@given(
    values=st.lists(st.floats(0, 1), min_size=2, max_size=60),
    prompts=st.integers(2, 40),
)
def test_the_interval_holds_the_value_and_stays_in_bounds(values: list[float], prompts: int) -> None:
    estimate = mean_estimate(values, [i % prompts for i in range(len(values))], bounds=UNIT)
    if estimate.low is None or estimate.high is None:
        return
    assert 0 <= estimate.low < estimate.high <= 1
    assert estimate.low - 1e-9 <= estimate.value <= estimate.high + 1e-9


@given(st.lists(st.integers(0, 1), min_size=1, max_size=60))
def test_a_proportion_always_has_a_width(values: list[int]) -> None:
    estimate = mean_estimate(values, range(len(values)), bounds=UNIT)
    assert estimate.low is not None and estimate.high is not None
    assert 0 <= estimate.low < estimate.high <= 1
    assert estimate.low <= np.mean(values) <= estimate.high


def test_values_that_are_a_cluster_each_sum_to_themselves_in_the_order_of_clusters() -> None:
    found = Clusters.of(["c", "a", "b"])
    assert (found.names, found.sums(np.array([0.1, -0.0, 0.3])).tolist()) == (
        ("a", "b", "c"),
        [0.0, 0.3, 0.1],
    )
    assert Clusters.of(["c", "a", "c"]).sums(np.array([0.1, 7.0, 0.2])).tolist() == [7.0, 0.1 + 0.2]
