"""Coverage and every metric of two arms, judged: what is subtracted, what is decided, with which margin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from vbench_lite.compare.differences import Pairing, Side, Subtracted, margin_of, subtract
from vbench_lite.compare.policy import COVERAGE, Policy
from vbench_lite.errors import ContendedError, IncomparableError, TooFewError
from vbench_lite.results.arms import Arm
from vbench_lite.results.axes import RELATIVE_AXES
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.stats.bounded import score_interval
from vbench_lite.stats.multiple import benjamini_hochberg, holm
from vbench_lite.stats.noninferiority import Decision, Question, Verdict, decide, worst
from vbench_lite.stats.paired import mcnemar
from vbench_lite.stats.power import detectable_loss, units_to_find, units_to_settle
from vbench_lite.store.schema import Level

EQUALLY_LIKED = 0.1  # the margin of votes, as a difference of shares: 45 to 55 of 100 decided votes
QUALITY, SPEED = "quality", "speed"  # the parts of a comparison that have verdicts of their own


@dataclass(frozen=True)
class MetricResult:
    """What a comparison says of one metric.

    Attributes:
        baseline, candidate: values over the requests that both answered.
        delta: candidate minus baseline, + is better; for speed and memory the natural log of the
            ratio of typical calls (`scale` is "log_ratio"). ci: its 95% interval, unadjusted.
        margin: how much worse is still no loss, on the scale of delta.
        p_value: of the one-sided test that decided, adjusted over its family.
        verdict: None for a description that is neither good nor bad, and for a metric that no arm has.
        reason: why there is no number, beginning with the field that differs, or "n" where there are too few
            rounds or prompts (then it is INCONCLUSIVE); or what the margin is.
        n: independent units behind delta; units: what they are (prompts, rounds,
            votes, requests).
        more_units: about how many more of them would settle an inconclusive one.
        part: "quality", or "speed" for speed and memory.
        contended: not comparable, since other processes disturbed the timed calls.
        detectable: the smallest true loss that would have been called REGRESSED in 4 of 5 such
            comparisons, on the scale of delta.
        needed: units in all that would tell a loss as large as the margin from none; None if no number would.
    """

    metric: str
    primary: bool
    level: str
    verdict: Verdict | None
    baseline: float | None = None
    candidate: float | None = None
    delta: float | None = None
    ci: tuple[float, float] | None = None
    margin: float | None = None
    p_value: float | None = None
    n: int = 0
    units: str = "prompts"
    unit: str = ""
    higher_is_better: bool | None = None
    scale: str = "difference"
    reason: str | None = None
    more_units: int | None = None
    detectable: float | None = None
    needed: int | None = None
    part: str = QUALITY
    contended: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"ci": list(self.ci) if self.ci is not None else None}


def judge(
    first: Side, second: Side, pairing: Pairing, primary: Sequence[str], policy: Policy
) -> list[MetricResult]:
    """Coverage and every metric of two arms, the primary ones first.

    Args:
        primary: ids of the metrics that decide; coverage always does.
    """
    metrics = list(dict.fromkeys([*first.arm.estimates, *second.arm.estimates]))
    results = [_coverage(first.arm, second.arm, pairing, policy)]
    results += _judge([m for m in metrics if m in primary], True, first, second, pairing, policy)
    results += _judge([m for m in metrics if m not in primary], False, first, second, pairing, policy)
    return results


def deciding(results: Sequence[MetricResult], policy: Policy) -> list[MetricResult]:
    """The results that may decide: speed and memory never, or not where disturbed, by the policy."""
    if policy.timed == "shown":
        return [result for result in results if result.part == QUALITY]
    return [result for result in results if policy.timed == "strict" or not result.contended]


def overall(results: Sequence[MetricResult], *, coverage_alone: bool = False) -> Verdict:
    """The gravest verdict of the primary metrics among those that may decide.

    Coverage can only worsen it. Nothing is PASS where no metric was judged, or while a metric outside the
    primary ones says REGRESSED.

    Args:
        coverage_alone: coverage may decide where no metric is judged: nothing else was asked for, or the
            clips are the same.
    """
    decided = [result for result in results if result.primary and result.verdict is not None]
    metrics = [result.verdict for result in decided if result.metric != COVERAGE and result.verdict]
    coverage = [result.verdict for result in decided if result.metric == COVERAGE and result.verdict]
    if not metrics and not coverage_alone:
        metrics = [Verdict.INCOMPARABLE]
    spared = metrics and worst(coverage) in (Verdict.PASS, Verdict.IMPROVED)
    verdict = worst(metrics if spared else [*metrics, *coverage])
    beside = any(not result.primary and result.verdict is Verdict.REGRESSED for result in results)
    return worst([verdict, Verdict.INCONCLUSIVE]) if beside else verdict


# --- coverage --------------------------------------------------------------------------------


def _coverage(baseline: Arm, candidate: Arm, pairing: Pairing, policy: Policy) -> MetricResult:
    """Requests answered, over those asked of both. A loss beyond the margin is a fact, not a sample."""
    result = MetricResult(
        COVERAGE, True, "sample", Verdict.PASS, margin=policy.coverage_margin, units="requests",
        higher_is_better=True,
    )  # fmt: skip
    if pairing.asked_share < policy.minimum_overlap:
        reason = f"requests: {len(pairing.asked)} of {pairing.union} (prompt, seed) were asked of both"
        return replace(result, verdict=Verdict.INCOMPARABLE, reason=reason)
    mine = {key: ids[0] in baseline.clips for key, ids in pairing.asked.items()}
    its = {key: ids[1] in candidate.clips for key, ids in pairing.asked.items()}
    count = len(mine)
    lost = sum(mine[key] and not its[key] for key in mine)
    gained = sum(its[key] and not mine[key] for key in mine)
    delta = (gained - lost) / count
    units = np.array([float(its[key]) - float(mine[key]) for key in mine])
    verdict = Verdict.REGRESSED if delta < -policy.coverage_margin else Verdict.PASS
    return replace(
        result,
        verdict=Verdict.IMPROVED if delta > policy.coverage_margin else verdict,
        baseline=sum(mine.values()) / count,
        candidate=sum(its.values()) / count,
        delta=delta,
        ci=(0.0, 0.0) if pairing.identical else score_interval(units, -1.0, 1.0),
        p_value=mcnemar(mine, its),
        n=count,
    )


# --- metrics ---------------------------------------------------------------------------------


def _judge(
    metrics: Sequence[str], primary: bool, first: Side, second: Side, pairing: Pairing, policy: Policy
) -> list[MetricResult]:
    """Subtract and judge one family: Holm over primary metrics, Benjamini-Hochberg over the others."""
    results: dict[str, MetricResult] = {}
    asked: dict[str, tuple[Subtracted, Question, str]] = {}
    for metric in metrics:
        measured = first.arm.estimates.get(metric) or second.arm.estimates[metric]
        blank = MetricResult(
            metric,
            primary,
            str(measured.level),
            None,
            units="rounds" if measured.level is Level.CALL else "prompts",
            unit=measured.facts.unit,
            higher_is_better=measured.facts.higher_is_better,
            part=SPEED if measured.facts.axis in RELATIVE_AXES else QUALITY,
        )
        results[metric] = blank
        if metric not in policy.named and (why := _absent(metric, first.arm, second.arm)) is not None:
            results[metric] = replace(blank, reason=why)
            continue
        try:
            found = subtract(metric, first, second, pairing, policy.minimum_overlap)
            if measured.facts.sign == 0:
                results[metric] = _with_numbers(blank, found)
                continue
            question, why = _question(metric, found, measured, first, policy)
        except TooFewError as error:  # the suite asks for so few; that is no fault of either arm
            values = [arm.estimates[metric].value for arm in (first.arm, second.arm)]
            results[metric] = replace(
                blank,
                verdict=Verdict.INCONCLUSIVE if measured.facts.sign else None,
                baseline=values[0],
                candidate=values[1],
                reason=str(error),
            )
            continue
        except IncomparableError as error:
            judged = measured.facts.sign or metric in policy.named
            results[metric] = replace(
                blank,
                verdict=Verdict.INCOMPARABLE if judged else None,
                reason=str(error),
                contended=isinstance(error, ContendedError),
            )
            continue
        asked[metric] = (found, question, why)
    adjust = holm if primary else benjamini_hochberg
    decisions = decide([question for _, question, _ in asked.values()], adjust, policy.alpha)
    for (metric, (found, question, why)), decision in zip(asked.items(), decisions, strict=True):
        level = policy.alpha / len(asked) if primary else policy.alpha
        results[metric] = _decided(results[metric], found, question, why, decision, level)
    return list(results.values())


def _absent(metric: str, first: Arm, second: Arm) -> str | None:
    """Why neither arm has a value; None if one has."""
    both = [arm.estimates.get(metric) for arm in (first, second)]
    if any(measured is not None and measured.value is not None for measured in both):
        return None
    reasons = [measured.reason for measured in both if measured is not None and measured.reason]
    return f"value: neither has one: {reasons[0] if reasons else 'no row for it in these runs'}"


def _question(
    metric: str, found: Subtracted, measured: MetricEstimate, first: Side, policy: Policy
) -> tuple[Question, str]:
    if measured.level is Level.CALL and not found.logarithmic:
        least = policy.margins.get(
            metric, max(policy.least(measured.facts.unit), policy.minimum_effect * abs(found.baseline))
        )
        return Question(found.delta, least, least), "a number that may be 0: the least that counts"
    if found.logarithmic:
        ratio = policy.margins.get(metric, policy.minimum_effect)
        return Question(found.delta, math.log1p(ratio), math.log1p(ratio)), f"a change of {ratio:.0%}"
    if found.odds:
        apart = policy.margins.get(metric, EQUALLY_LIKED)
        why = f"{50 - 50 * apart:g} to {50 + 50 * apart:g} of 100 decided votes is no loss"
        return Question(found.delta, 2 * math.atanh(apart)), why
    if metric in policy.margins:
        return Question(found.delta, policy.margins[metric]), "set by the policy"
    if found.delta.value == found.delta.se == 0 and found.delta.scale == 0 and not found.baseline:
        return Question(found.delta, 1.0), "nothing differs"
    margin, why = margin_of(metric, first, measured, policy.margin_fraction)
    return Question(found.delta, margin), why


def _with_numbers(result: MetricResult, found: Subtracted) -> MetricResult:
    low, high = found.delta.interval()
    return replace(
        result,
        baseline=found.baseline,
        candidate=found.candidate,
        delta=found.shown(found.delta.value),
        ci=(found.shown(low), found.shown(high)),
        n=found.delta.n,
        units=found.units,
        scale="log_ratio" if found.logarithmic else "difference",
    )


def _decided(
    blank: MetricResult, found: Subtracted, question: Question, why: str, decision: Decision, level: float
) -> MetricResult:
    more = None
    if decision.verdict is Verdict.INCONCLUSIVE:
        more = units_to_settle(question.delta, question.margin, question.least, alpha=level)
    return replace(
        _with_numbers(blank, found),
        verdict=decision.verdict,
        margin=found.shown(question.margin),
        p_value=decision.p_value,
        reason=f"margin: {why}",
        more_units=more,
        detectable=found.shown(detectable_loss(question.delta, question.margin, question.least, alpha=level)),
        needed=units_to_find(question.delta, question.margin, level),
    )
