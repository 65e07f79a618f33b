"""The delete-a-group jackknife against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from vbench_lite.errors import NotApplicable
from vbench_lite.stats.jackknife import fold, jackknife


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
