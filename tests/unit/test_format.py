"""Every number as text: one function a kind, the same on every face."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbench_lite import format as fmt
from vbench_lite.stats.scaling import Interval

FLOATS = st.floats(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.00123, "s", "1.23 ms"),
        (0.0000042, "s", "4.20 µs"),
        (1.5, "s", "1.50 s"),
        (2.5e9, "bytes", "2.50 GB"),
        (999_900.0, "bytes", "1.00 MB"),
        (5, "bytes", "5.00 B"),
        (None, "", "–"),
        (math.nan, "s", "–"),
        (0.0, "", "0"),
        (-0.0, "s", "0 s"),
        (1234.5, "", "1,234"),
        (999.9, "", "1,000"),
        (1234567.0, "", "1.23e+06"),
        (0.5, "1/px", "0.500 1/px"),
    ],
)
def test_a_number_has_three_figures_and_a_unit_that_fits(value: float | None, unit: str, text: str) -> None:
    assert fmt.number(value, unit) == text


def test_an_interval_has_one_unit_and_a_dash_where_an_end_is_missing() -> None:
    assert fmt.interval(0.0123, 0.42, "s") == "12.3 to 420 ms"
    assert fmt.interval(None, 1.0) == fmt.interval(0.0, math.nan) == "–"
    assert fmt.with_interval(Interval(0.0062, 0.00578, 0.00662), "s") == "6.20 ms (5.78 to 6.62)"
    assert fmt.with_interval(Interval(3.0, 3.0, 3.0), "") == "3.00"


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ((1.9134, 1.80, 2.04), "1.91 ±.13"),
        ((392.53, 386, 398), "392.5 ±6.5"),
        ((0.01, None, None), "0.0100"),
        ((1904.2, 1750, 2051), "1,904 ±154"),
        ((-0.0004, -0.04, 0.04), "0.000 ±.040"),
    ],
)
def test_a_value_has_the_decimals_that_its_interval_warrants(
    found: tuple[float, float, float], text: str
) -> None:
    assert fmt.plus_minus(Interval(*found)) == text


def test_a_value_at_a_bound_of_its_metric_is_a_bound() -> None:
    assert fmt.plus_minus(Interval(1.0, 0.63, 1.0), bounds=(0.0, 1.0)) == ">= 0.63"
    assert fmt.plus_minus(Interval(0.0, 0.0, 0.37), bounds=(0.0, 1.0)) == "<= 0.37"
    assert fmt.plus_minus(Interval(0.0, -0.1, 0.37), bounds=(None, None)) == "0.00 ±.37"


@pytest.mark.parametrize(
    ("found", "signed", "text"),
    [
        ((0.824, 0.81, 0.83), False, ".82 ±.01"),
        ((-0.93, -1.03, -0.83), True, "-.93 ±.10"),
        ((2.744, 2.7, 2.79), True, "+2.74 ±.05"),
        ((0.81, -0.39, 2.01), True, "+.81 ±1.2"),
        ((1.0, None, None), False, "1.00"),
        ((1.0, 0.79, 1.0), False, ">= .79"),
        ((0.0, 0.0, 0.21), False, "<= .21"),
        ((1.0, 1.0, 1.0), False, "1.00 ±.01"),
        ((0.5, 0.499, 0.501), False, ".50 ±.01"),
        ((-0.001, -0.01, 0.01), False, ".00 ±.01"),  # a total goes on beyond both
        ((0.9997, 0.983, 1.009), False, "1.00 ±.02"),
        ((None, None, None), False, "–"),
    ],
)
def test_a_score_at_the_end_of_its_scale_is_a_bound(
    found: tuple[float, float, float], signed: bool, text: str
) -> None:
    assert fmt.score_text(Interval(*found), signed=signed) == text


def test_a_rank_says_what_the_data_cannot_tell() -> None:
    assert (fmt.rank_text((1, 2)), fmt.rank_text((3, 3)), fmt.rank_text(None)) == ("rank 1-2", "rank 3", "")
    assert (fmt.place_text((1, 3)), fmt.place_text(None)) == ("1-3", "–")


def test_a_time_that_doubles_is_worse_by_a_hundred_percent_and_one_that_halves_better_by_fifty() -> None:
    """A log ratio is oriented: + is better."""
    twice, half = -math.log(2), math.log(2)
    assert fmt.change_text(twice, None, ratio=True, higher_is_better=False) == "-100.0%"
    assert fmt.change_text(half, None, ratio=True, higher_is_better=False) == "+50.0%"
    assert fmt.change_text(-math.log(2), None, ratio=True, higher_is_better=True) == "-50.0%"
    low_high = fmt.change_interval(twice, half, ratio=True, higher_is_better=False)
    assert low_high == "-100.0% to +50.0%"


def test_a_change_is_as_precise_as_its_interval_and_zero_has_no_minus() -> None:
    assert fmt.change_text(0.0213, (-0.013, 0.055)) == "+0.021 ±0.034"
    assert fmt.change_text(-0.001, (-0.2, 0.2)) == "+0.00 ±0.20"
    assert fmt.change_text(-0.0, (0.0, 0.0)) == "+0"
    assert fmt.change_text(None, None) == "–"
    assert fmt.margin_text(math.log(1.05), ratio=True) == "5%"
    assert fmt.margin_text(0.02, ratio=False, unit="s") == "20 ms"


def test_how_sure_is_a_word() -> None:
    assert [fmt.certainty(p) for p in (0.999, 0.95, 0.9, 0.8, 0.5)] == [
        "sure", "sure", "likely", "likely", "open",
    ]  # fmt: skip
    assert [fmt.chance(p) for p in (1.0, 0.42, 0.0)] == ["over 99%", "42%", "under 1%"]
    assert [fmt.chance(p) for p in (0.95, 0.948, 0.29, 0.7999)] == ["95%", "94%", "29%", "79%"]


def test_factors_counts_and_waits() -> None:
    assert [fmt.times(r) for r in (2.34, 15.2)] == ["2.3 times", "15 times"]
    assert [fmt.forecast(n) for n in (7, 99, 1234)] == ["7", "99", "1,200"]
    assert fmt.about_more(8 * 10**16, "prompts") == "more than 10,000 more prompts"
    assert [fmt.duration(s) for s in (0.2, 61.0, 125.0, 7300.0)] == ["1 s", "61 s", "2 min", "2 h 2 min"]
    assert [fmt.listed(names) for names in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == [
        "", "a", "a and b", "a, b and c",
    ]  # fmt: skip
    assert (fmt.plural(1, "clip"), fmt.plural(1200, "clip")) == ("1 clip", "1,200 clips")
    assert fmt.moment("2025-11-28T09:03:12.1+00:00") == "2025-11-28 09:03"
    assert fmt.day("2025-11-08T09:03:12.1+00:00") == "8 Nov 09:03"
    assert fmt.day("yesterday") == "yesterday"


@given(FLOATS, st.sampled_from(["", "s", "bytes", "1/px"]))
def test_no_number_is_shown_as_nan_or_infinite(value: float, unit: str) -> None:
    text = fmt.number(value, unit)
    assert "nan" not in text and "inf" not in text
    assert not text.startswith("-0 ")


@given(st.floats(1e-9, 1e12), st.sampled_from(["s", "bytes"]))
def test_a_shown_number_is_the_number(value: float, unit: str) -> None:
    name, factor = fmt.unit_of(unit, value)
    shown, shown_unit = fmt.number(value, unit).split()
    assert shown_unit == name
    assert float(shown.replace(",", "")) * factor == pytest.approx(value, rel=6e-3)
