"""Medians, rank intervals and corrections for many tests against textbooks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbench_lite.errors import NotApplicable
from vbench_lite.stats.medians import median_estimate
from vbench_lite.stats.multiple import benjamini_hochberg, holm, shaffer
from vbench_lite.stats.ranks import Difference, rank_intervals


def test_holm_is_the_textbook() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_benjamini_hochberg_is_the_textbook() -> None:
    p = [0.005, 0.009, 0.05, 0.10, 0.20, 0.30]
    assert benjamini_hochberg(p) == pytest.approx([0.027, 0.027, 0.1, 0.15, 0.24, 0.3])


def test_p_values_outside_the_unit_interval_are_refused() -> None:
    with pytest.raises(ValueError, match="0, 1"):
        holm([0.5, float("nan")])


def test_the_median_of_eight_has_the_exact_order_interval() -> None:
    estimate = median_estimate([8, 1, 7, 2, 6, 3, 5, 4])
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (4.5, 1, 8, 8)
    assert median_estimate(range(1, 10)).low == 2  # 1 - 2 * 10 / 512 = 0.961


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=40))
def test_a_median_interval_has_a_width_where_values_vary(values: list[float]) -> None:
    estimate = median_estimate(values)
    if len(set(values)) == 1:
        assert estimate.low is None
        return
    assert estimate.low is not None and estimate.high is not None
    assert estimate.low < estimate.high
    assert estimate.low <= estimate.value <= estimate.high


def test_no_calls_no_median() -> None:
    with pytest.raises(NotApplicable):
        median_estimate([])


def test_all_pairs_count_what_can_still_be_equal() -> None:
    """Of six pairs of four, three at most are equal once one is not, and two once four are not."""
    p_values = [0.001, 0.002, 0.003, 0.01, 0.02, 0.03]
    assert shaffer(p_values, 4) == pytest.approx([0.006, 0.006, 0.009, 0.03, 0.04, 0.04])
    assert shaffer([0.02, 0.01, 0.03], 3) == pytest.approx([0.03, 0.03, 0.03])
    assert shaffer([0.04], 2) == [0.04]
    assert shaffer([], 1) == []
    with pytest.raises(ValueError, match="4 contestants do not have 5 pairs"):
        shaffer(p_values[:5], 4)


@given(st.lists(st.floats(0, 1), min_size=10, max_size=10))
def test_all_pairs_are_never_less_sure_than_holm(p_values: list[float]) -> None:
    assert all(ours <= its for ours, its in zip(shaffer(p_values, 5), holm(p_values), strict=True))


def test_ties_share_a_rank_interval() -> None:
    differences = {
        ("a", "b"): Difference(0.1, 1.0, 20),
        ("a", "c"): Difference(9.0, 1.0, 20),
        ("b", "c"): Difference(8.9, 1.0, 20),
    }
    assert rank_intervals("abc", differences) == {"a": (1, 2), "b": (1, 2), "c": (3, 3)}


def test_exact_values_rank_exactly_and_one_contestant_is_first() -> None:
    assert rank_intervals("ab", {("a", "b"): Difference(-1.0, 0.0, 1)}) == {"a": (2, 2), "b": (1, 1)}
    assert rank_intervals("ab", {("a", "b"): Difference(0.0, 0.0, 1)}) == {"a": (1, 2), "b": (1, 2)}
    small = {("a", "b"): Difference(-1.0, 0.0, 1, least=2.0)}
    assert rank_intervals("ab", small) == {"a": (1, 2), "b": (1, 2)}
    assert rank_intervals("a", {}) == {"a": (1, 1)}


def test_an_unknown_spread_orders_nothing() -> None:
    unknown = Difference(5.0, math.inf, math.inf)
    assert rank_intervals(["a", "b"], {("a", "b"): unknown}) == {"a": (1, 2), "b": (1, 2)}
