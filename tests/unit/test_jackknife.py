"""The delete-a-group jackknife against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from vbench_lite.errors import NotApplicable
from vbench_lite.stats.jackknife import fold, jackknife, jackknife_mean
from vbench_lite.stats.means import mean_estimate
from vbench_lite.suites.generalisation.held_out import held_out_gap, mean_held_out


def test_jackknife_of_a_mean_is_the_t_interval() -> None:
    values = np.array([1.0, 2.0, 4.0, 9.0])
    estimate = jackknife("abcd", lambda kept: float(values[kept].mean()))
    se = values.std(ddof=1) / 2
    half = stats.t.ppf(0.975, 3) * se
    assert estimate.value == 4.0
    assert estimate.low == pytest.approx(4 - half)
    assert estimate.high == pytest.approx(4 + half)
    assert estimate.replicates == pytest.approx((5.0, 14 / 3, 4.0, 7 / 3))
    assert estimate.extras["bias"] == pytest.approx(0.0, abs=1e-12)


def test_the_bias_of_the_plain_variance_is_found_exactly() -> None:
    values = np.array([1.0, 2.0, 4.0, 9.0])
    estimate = jackknife("abcd", lambda kept: float(values[kept].var()))
    assert estimate.value == pytest.approx(values.var())
    assert estimate.extras["corrected"] == pytest.approx(values.var(ddof=1))
    assert estimate.low is not None and estimate.high is not None
    assert estimate.low < estimate.value < estimate.high


def test_all_clips_of_a_prompt_leave_together() -> None:
    seen: list[list[int]] = []

    def statistic(kept: np.ndarray) -> float:
        seen.append(kept.tolist())
        return float(len(kept) ** 2 + kept[0])

    jackknife(["b", "a", "b", "c"], statistic)
    assert seen == [[0, 1, 2, 3], [0, 2, 3], [1, 3], [0, 1, 2]]


def test_few_groups_and_constant_values_have_no_interval() -> None:
    assert jackknife("aabb", lambda kept: float(kept.sum())).low is None
    constant = jackknife("abcd", lambda kept: 3.0)
    assert (constant.low, constant.high) == (None, None)


def test_many_groups_fold_into_even_blocks() -> None:
    groups = [f"p{i:04d}" for i in range(128)]
    blocks = fold(groups, 50)
    assert len(blocks) == 50
    assert {len(block) for block in blocks} == {2, 3}
    assert sorted(str(group) for block in blocks for group in block) == groups
    assert fold(["b", "a", "b"]) == [["a"], ["b"]]


def test_a_value_that_is_not_finite_is_never_returned() -> None:
    with pytest.raises(NotApplicable):
        jackknife("abcd", lambda kept: math.nan)
    with pytest.raises(NotApplicable):
        jackknife("", lambda kept: 1.0)


def test_shares_that_are_all_right_have_an_interval() -> None:
    found = jackknife_mean(range(16), [1.0] * 16, (0.0, 1.0))
    expected = mean_estimate([1.0] * 16, range(16), bounds=(0.0, 1.0))
    assert (found.low, found.high) == (expected.low, 1.0) and expected.low is not None
    assert found.low == pytest.approx(0.77, abs=0.05)
    spread = [0.2, 0.5, 0.6, 0.7]
    assert jackknife_mean(range(4), spread, (0.0, 1.0)) == jackknife_mean(range(4), spread)


def test_an_interval_of_few_held_out_captions_is_that_of_so_few() -> None:
    """Three of sixteen: Student's t of two degrees of freedom, whatever the number of the others."""
    values = np.array([0.25, 0.5, 0.75] + [0.5, 0.6] * 6 + [0.5])
    held_out = np.arange(16) < 3
    prompts = [f"p{n}" for n in range(16)]
    found = mean_held_out(prompts, values, held_out)
    half = 4.302653 * 0.25 / math.sqrt(3)
    assert (found.value, found.n) == (0.5, 3)
    assert found.low == pytest.approx(max(0, 0.5 - half))
    assert found.high == pytest.approx(min(1, 0.5 + half))
    assert len(found.replicates or ()) == 16, "the same prompts leave as for any other metric"
    gap = held_out_gap(prompts, values, held_out)
    assert gap.low is not None and gap.low <= gap.value - 0.5
    perfect = held_out_gap(prompts, np.ones(16), held_out)
    assert perfect.value == 0 and perfect.low is not None and perfect.low < -0.4
