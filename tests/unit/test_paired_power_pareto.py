"""Paired differences, verdicts, power and Pareto fronts against textbooks."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import special, stats

from vbench_lite.errors import NotApplicable
from vbench_lite.stats.delta import BoundedDelta, Delta
from vbench_lite.stats.jackknife import jackknife_mean
from vbench_lite.stats.multiple import holm
from vbench_lite.stats.noninferiority import Question, Verdict, decide, worst
from vbench_lite.stats.paired import mcnemar, paired_means, paired_replicates
from vbench_lite.stats.pareto import best_probability, front, front_probability, joint_draws
from vbench_lite.stats.power import detectable_effect, sample_size, units_to_find, units_to_settle
from vbench_lite.stats.rounds import Occasions, separate


def test_paired_means_are_the_paired_t_test() -> None:
    first, second = [1.0, 2.0, 3.0, 4.0], [1.5, 2.0, 3.9, 4.2]
    delta = paired_means(first, second, "abcd")
    expected = stats.ttest_rel(second, first)
    interval = expected.confidence_interval()
    assert delta.interval() == pytest.approx((interval.low, interval.high))
    assert delta.p_above(0) == pytest.approx(expected.pvalue / 2)
    assert delta.p_below(0) == pytest.approx(1 - expected.pvalue / 2)


def test_no_difference_seen_in_sixteen_is_not_no_difference() -> None:
    square = 1.959964**2
    one_wrong = [0.0] + [1.0] * 15
    for values in ([1.0] * 16, one_wrong):  # Tango's interval without a discordant pair
        low, high = paired_means(values, values, range(16), bounds=(0.0, 1.0)).interval()
        assert high == pytest.approx(square / (16 + square), abs=1e-4)
        assert low == pytest.approx(-high)
    assert paired_means([0.5] * 4, [0.5] * 4, range(4)).interval() == (0.0, 0.0)
    with pytest.raises(NotApplicable):
        paired_means([1.0], [2.0], ["a"])


def test_shares_of_sets_are_judged_as_those_of_clips_are() -> None:
    """A share over a set whose prompts are all right, or fail alike, is as uncertain as one of clips."""
    one_wrong, two_wrong = [0.0] + [1.0] * 15, [0.0, 0.0] + [1.0] * 14
    for first, second in (([1.0] * 16, [1.0] * 16), (one_wrong, one_wrong), (one_wrong, two_wrong)):
        sets = [jackknife_mean(range(16), values) for values in (first, second)]
        before, after = (np.array(one.replicates) for one in sets)
        found = paired_replicates(sets[0].value, sets[1].value, before, after, bounds=(0.0, 1.0))
        expected = paired_means(first, second, range(16), bounds=(0.0, 1.0))
        assert found.interval() == pytest.approx(expected.interval(), abs=1e-6)
        assert found.p_above(-0.05) == pytest.approx(expected.p_above(-0.05), abs=1e-6)
    gaps = np.zeros(16)  # of two perfect generators: none was seen, and few were looked at
    low, high = paired_replicates(0.0, 0.0, gaps, gaps, bounds=(-1.0, 1.0)).interval()
    assert low == pytest.approx(-high) and high > 0.3


def test_replicates_of_different_groups_are_not_paired() -> None:
    with pytest.raises(NotApplicable):
        paired_replicates(1.0, 2.0, np.ones(5), np.ones(6))
    delta = paired_replicates(1.0, 3.0, np.array([1.0, 0.9, 1.1]), np.array([3.0, 3.0, 3.0]))
    assert delta.value == 2.0
    assert delta.se == pytest.approx(math.sqrt(2 / 3 * 0.02))


@pytest.mark.parametrize(("n", "lost", "gained"), [(16, 0, 0), (16, 1, 0), (44, 12, 2), (8, 0, 8)])
@pytest.mark.parametrize("bound", [-0.4, -0.05, 0.1])
def test_paired_verdicts_are_judged_by_tangos_statistic(n: int, lost: int, gained: int, bound: float) -> None:
    loss = -bound  # Tango (1998): p10 - p01, whose restricted estimate solves a quadratic
    a, b, c = 2 * n, -lost - gained + (2 * n - lost + gained) * loss, -gained * loss * (1 - loss)
    share = (math.sqrt(b * b - 4 * a * c) - b) / (2 * a)
    expected = (gained - lost - n * bound) / math.sqrt(n * (2 * share + loss * (1 - loss)))
    units = np.array([-1.0] * lost + [1.0] * gained + [0.0] * (n - lost - gained))
    p_value = BoundedDelta.within(units, -1.0, 1.0).p_above(bound)
    assert p_value == pytest.approx(stats.norm.sf(expected), abs=1e-9)


@pytest.mark.parametrize(
    ("value", "se", "verdict"),
    [
        (0.00, 0.01, Verdict.PASS),
        (0.10, 0.01, Verdict.IMPROVED),
        (-0.02, 0.002, Verdict.PASS),  # worse, but by less than the margin
        (-0.10, 0.01, Verdict.REGRESSED),
        (-0.04, 0.03, Verdict.INCONCLUSIVE),
    ],
)
def test_verdicts_follow_the_margin(value: float, se: float, verdict: Verdict) -> None:
    decision = decide([Question(Delta(value, se, 1000, 1001), 0.05)], holm)[0]
    assert decision.verdict is verdict


def test_a_loss_below_the_least_effect_is_not_called_one() -> None:
    delta = Delta(-0.03, 0.012, 1000, 1001)
    assert decide([Question(delta, 0.05)], holm)[0].verdict is Verdict.REGRESSED
    assert decide([Question(delta, 0.05, least=0.05)], holm)[0].verdict is Verdict.INCONCLUSIVE


def test_the_gravest_verdict_decides() -> None:
    assert worst([Verdict.IMPROVED, Verdict.PASS]) is Verdict.PASS
    assert worst([Verdict.INCONCLUSIVE, Verdict.INCOMPARABLE]) is Verdict.INCOMPARABLE
    assert worst([Verdict.INCOMPARABLE, Verdict.REGRESSED]) is Verdict.REGRESSED


def test_mcnemar_counts_discordant_pairs() -> None:
    keys = range(20)
    assert mcnemar(dict.fromkeys(keys, True), {k: k >= 5 for k in keys}) == pytest.approx(0.5**5)
    assert mcnemar(dict.fromkeys(keys, True), dict.fromkeys(keys, True)) == 1.0


def test_sample_sizes_are_the_textbooks() -> None:
    # Cohen 1988: d = 0.5, one-sided 2.5%, power 0.8, paired: 34
    assert sample_size(1.0, 0.5) == pytest.approx(34, abs=1)
    assert detectable_effect(0.1, 1e9) == pytest.approx(0.2802, abs=1e-4)
    with pytest.raises(ValueError, match="positive"):
        sample_size(1.0, 0.0)


@pytest.mark.parametrize("alpha", [0.025, 0.025 / 12])
@pytest.mark.parametrize("effect", [0.1, 0.5, 1.0, 2.7, 8.0])
def test_few_units_are_no_fewer_and_no_more_than_the_noncentral_t_asks(effect: float, alpha: float) -> None:
    def power(n: int) -> float:
        return float(1 - special.nctdtr(n - 1, effect * n**0.5, stats.t.ppf(1 - alpha, n - 1)))

    exact = next(n for n in itertools.count(2) if power(n) >= 0.8)
    assert sample_size(1.0, effect, alpha=alpha) == pytest.approx(exact, abs=1)


def test_what_cannot_be_settled_has_no_number() -> None:
    assert units_to_settle(Delta(-1e-17, 0.03, 15, 16), 0.05) == units_to_settle(
        Delta(0.0, 0.03, 15, 16), 0.05
    )
    assert units_to_settle(Delta(-0.05 - 1e-17, 0.03, 15, 16), 0.05, 0.05) is None  # rounding is no distance
    assert sample_size(0.1, 1e-12) == pytest.approx(7.85e22, rel=0.01)
    assert units_to_settle(Delta(0.0, 0.05, 15, 16), 0.05) == sample_size(0.2, 0.05) - 16
    assert units_to_settle(Delta(0.0, 0.0, 15, 16), 0.05) is None


@pytest.mark.parametrize("alpha", [0.025, 0.025 / 15])
def test_pairs_that_never_differed_pass_with_as_many_as_said(alpha: float) -> None:
    """A constant has no luck: Tango's test at 1.96 takes 73 pairs for a margin of 0.05."""
    more = units_to_settle(BoundedDelta.within(np.zeros(16), -1.0, 1.0), 0.05, alpha=alpha)
    assert more is not None and (alpha < 0.025 or 16 + more == 73)
    p_values = [BoundedDelta.within(np.zeros(16 + more - k), -1.0, 1.0).p_above(-0.05) for k in (0, 1)]
    assert p_values[0] <= alpha < p_values[1]


@pytest.mark.parametrize(("better", "worse"), [(2, 1), (1, 1), (4, 3)])
def test_as_many_more_pairs_as_said_settle_four_of_five(better: int, worse: int) -> None:
    """Verdicts of 0 and 1 on 16 pairs, of which few are discordant; one of 15 metrics."""
    seen, alpha = np.repeat([1.0, -1.0, 0.0], [better, worse, 16 - better - worse]), 0.025 / 15
    more = units_to_settle(BoundedDelta.within(seen, -1.0, 1.0), 0.05, alpha=alpha)
    assert more is not None
    drawn = np.random.default_rng(0).choice(seen, size=(300, 16 + more))
    passed = [BoundedDelta.within(one, -1.0, 1.0).p_above(-0.05) <= alpha for one in drawn]
    assert np.mean(passed) == pytest.approx(0.8, abs=0.08)


@pytest.mark.parametrize("alpha", [0.025, 0.025 / 12])
def test_a_loss_on_a_metric_that_never_varied_is_a_rare_one(alpha: float) -> None:
    """All 16 pairs are right in both; one of 20 of the candidate's would then be wrong."""
    needed = units_to_find(BoundedDelta.within(np.zeros(16), -1.0, 1.0), 0.05, alpha)
    assert needed is not None
    lost = np.random.default_rng(0).random((500, needed)) < 0.05
    told = [BoundedDelta.within(-one.astype(float), -1.0, 1.0).p_below(0.0) <= alpha for one in lost]
    assert 0.75 < np.mean(told) < 0.97


@pytest.mark.parametrize("true", [-0.02, -0.04, -0.055, -0.08, 0.06])
def test_as_many_more_rounds_as_said_settle_four_of_five(true: float) -> None:
    """A loss that counts from 5% on must be seen to reach it: to tell it from 0 is not enough."""
    margin, sd = math.log(1.05), 0.05
    more = units_to_settle(Delta(true, sd / math.sqrt(3), 2.0, 3), margin, margin)
    assert more is not None
    rng = np.random.default_rng(0)
    verdicts = [
        decide([Question(Delta.of(rng.normal(true, sd, 3 + more)), margin, margin)], holm)[0].verdict
        for _ in range(1000)
    ]
    assert np.mean([verdict is not Verdict.INCONCLUSIVE for verdict in verdicts]) == pytest.approx(
        0.8, abs=0.06
    )


def test_more_rounds_leave_what_differs_between_two_occasions() -> None:
    """Two runs of five steady rounds, 3% apart, where occasions move times by 6%."""
    first, second = ({i: [level * (1 + i / 1e4)] for i in range(5)} for level in (1.0, 1.03))
    apart = separate(first, second, between=Occasions(0.06))
    assert apart.se == pytest.approx(apart.lasting, rel=1e-3) == math.sqrt(2) * 0.06
    assert units_to_settle(apart.negated(), math.log(1.05), math.log(1.05)) is None
    # what rounds can shrink has room sqrt(0.4^2 - (2.8 * 0.085)^2) = 0.32; its sd is 0.31
    assert (
        units_to_settle(Delta(-0.4, 0.2, math.inf, 3, lasting=0.085), 0.05) == sample_size(0.3136, 0.3214) - 3
    )


def test_the_front_holds_what_nothing_dominates() -> None:
    scores = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.4, 0.4], [1.0, 0.0]])
    assert front(scores).tolist() == [True, True, True, False, True]
    draws = np.stack([scores[:4], scores[:4] + np.array([[0, 0], [0, 0], [0, 0], [1, 1]])])
    assert front_probability(draws).tolist() == [0.5, 0.5, 0.5, 0.5]


def test_shares_of_the_best_sum_to_one() -> None:
    assert best_probability(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 2.0]])).tolist() == [0.25, 0.25, 0.5]


def test_joint_draws_keep_the_jackknifes_covariance() -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(size=(40, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    replicates = np.stack([(data.sum(axis=0) - row) / 39 for row in data], axis=1)
    drawn = joint_draws(data.mean(axis=0), replicates, np.zeros(2), draws=40_000)
    assert np.cov(drawn.T) == pytest.approx(np.cov(data.T) / 40, rel=0.05)


@pytest.mark.parametrize("least", [0.0, 0.07])
def test_the_front_of_many_is_that_of_every_pair(least: float) -> None:
    rng = np.random.default_rng(4)
    scores = rng.normal(0, 0.15, (90, 4)) + rng.normal(0, 0.2, (90, 1))
    ties = np.array([0.0, 0.0, least, least])
    better = scores[None, :, :] - scores[:, None, :]
    dominated = np.any(np.all(better >= -ties, axis=2) & np.any(better > ties, axis=2), axis=1)
    assert 0 < dominated.sum() < 90
    assert front(scores, ties).tolist() == (~dominated).tolist()
