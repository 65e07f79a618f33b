"""Verdicts on differences: not worse by more than a margin, better, worse, or cannot tell.

Differences are oriented so that + is better. Three one-sided tests at level alpha, each adjusted over
its family: non-inferior (difference > -margin), superior (> 0), inferior (< 0).
See CPMP/EWP/482/99 and Wellek, Testing Statistical Hypotheses of Equivalence and Noninferiority (2010).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vbench_lite.stats.delta import Delta

ALPHA = 0.025  # one-sided, so that the verdict on a single metric agrees with its 95% interval


class Verdict(StrEnum):
    """What a comparison says of one metric."""

    IMPROVED = "IMPROVED"
    PASS = "PASS"
    REGRESSED = "REGRESSED"
    INCONCLUSIVE = "INCONCLUSIVE"
    INCOMPARABLE = "INCOMPARABLE"


SEVERITY = (
    Verdict.IMPROVED,
    Verdict.PASS,
    Verdict.INCONCLUSIVE,
    Verdict.INCOMPARABLE,
    Verdict.REGRESSED,
)


@dataclass(frozen=True)
class Question:
    """One difference to be judged.

    margin: what is still no loss, > 0. least: a loss or gain smaller than this is never called one.
    """

    delta: Delta
    margin: float
    least: float = 0.0


@dataclass(frozen=True)
class Decision:
    """A verdict with the adjusted p-value of the test that decided."""

    verdict: Verdict
    p_value: float


def decide(
    questions: Sequence[Question],
    adjust: Callable[[Sequence[float]], list[float]],
    alpha: float = ALPHA,
) -> list[Decision]:
    """Judge a family of differences, each kind of test adjusted over the family (Holm, or BH)."""
    noninferior = adjust([q.delta.p_above(-q.margin) for q in questions])
    superior = adjust([q.delta.p_above(0.0) for q in questions])
    inferior = adjust([q.delta.p_below(0.0) for q in questions])
    return [
        _decision(question, *p_values, alpha=alpha)
        for question, p_values in zip(
            questions, zip(noninferior, superior, inferior, strict=True), strict=True
        )
    ]


def _decision(
    question: Question, noninferior: float, superior: float, inferior: float, *, alpha: float
) -> Decision:
    if noninferior <= alpha:
        better = superior <= alpha and question.delta.value >= question.least
        verdict, p_value = (Verdict.IMPROVED, superior) if better else (Verdict.PASS, noninferior)
    elif inferior <= alpha and question.delta.value <= -question.least:
        verdict, p_value = Verdict.REGRESSED, inferior
    else:
        verdict, p_value = Verdict.INCONCLUSIVE, noninferior
    return Decision(verdict, p_value)


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The gravest of some verdicts; PASS if there are none."""
    return max(verdicts, key=SEVERITY.index, default=Verdict.PASS)
