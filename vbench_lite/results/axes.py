"""Axis scores: metrics on one scale, from a control without content (0) to real clips (1).

For a quality-like axis every metric m becomes (v - floor) / (real - floor), held within [0, 1], where
floor is the value on m of the control that the suite names for it, or else of the worst one. Where a
publication fixes both ends of a metric, the suite names them and no control is asked. Below the
floor is as bad as the floor, and no generator is credited for beating real clips. So `real` scores 1 by
construction and no floor can score more. The axis is the weighted mean, times each of its gates
min(1, value / (share * real)).

Speed and memory need no controls: the weighted mean of log2 of the ratio to the suite's reference,
+1 for twice as good.

Uncertainty: a jackknife that leaves the same prompts out of all metrics and of the arm, real and
floor at once, since they answer the same prompts. It works on scores not held within [0, 1], so that
a score at the ceiling keeps the width of what it was measured with; the interval's ends are then
held within [0, 1]. A metric on which the jackknife sees no spread (16 right of 16), or whose prompts
are not known, adds its own interval in quadrature. The controls' own intervals are not added: where
they show no spread the scale is taken as given. Speed and memory join the ends of their metrics'
intervals, as if they erred together (they come from the same calls). Times of two runs differ by the
occasion as well (`stats.rounds`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.metric import Axis
from vbench_lite.results.arms import Arm
from vbench_lite.results.blocks import Blocks
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.stats.jackknife import MIN_GROUPS, standard_error, standard_errors
from vbench_lite.stats.ranks import Difference, Differences
from vbench_lite.stats.rounds import USUAL
from vbench_lite.stats.student import quantile, quantiles
from vbench_lite.suite import Suite
from vbench_lite.suite_axes import AxisSpec, Gate

NamedEnds = str | tuple[float, float]  # the control that is 0 on a metric, or what is 0 and 1 on it
RELATIVE_AXES = (Axis.SPEED, Axis.MEMORY)
PUBLISHED = "published"  # in the place of a control, where a publication fixes what is 0
_ROUNDING = 1e-12
_WINSOR = (-1.0, 2.0)  # scores beyond this say nothing but "far outside the scale"


@dataclass(frozen=True)
class AxisScore:
    """A score with its interval, or the reason why there is none.

    Attributes:
        n: the smallest n of its metrics.
        replicates: the score (not held within [0, 1]) without each block; for paired differences.
        spare: half-widths (down, up) that the replicates do not show.
        floors: the control that is 0 on each of its metrics; empty where the axis has no such scale.
        occasion: the run whose calls it is made of, where times count; moves: by how much (a standard
            deviation) scores of another run differ for that alone, which no interval of one run shows.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    reason: str | None = None
    replicates: Floats = field(default_factory=lambda: np.empty(0))
    spare: tuple[float, float] = (0.0, 0.0)
    floors: Mapping[str, str] = field(default_factory=dict)
    occasion: str = ""
    moves: float = 0.0


@dataclass(frozen=True)
class Fixed:
    """An end that a publication fixes: the same whoever is left out."""

    whole: float

    def without(self, blocks: Blocks) -> Floats:
        """The value without each block, float64 (blocks,)."""
        return np.full(len(blocks), self.whole)


@dataclass(frozen=True)
class Scale:
    """The two ends of a metric: real clips at 1, a floor control at 0; or what is published for both."""

    one: MetricEstimate | Fixed
    zero: MetricEstimate | Fixed
    zero_name: str

    def span(self) -> float:
        """One minus zero, in the metric's unit; its sign is the metric's direction."""
        return self.one.whole - self.zero.whole

    def place(self, measured: MetricEstimate) -> float:
        """Where a value lies on the scale, not held within [0, 1]."""
        return float(_placed(measured.whole, self.zero.whole, self.one.whole))

    def places(self, measured: MetricEstimate, blocks: Blocks) -> Floats:
        """The same without each block of prompts, float64 (blocks,)."""
        return _placed(*(one.without(blocks) for one in (measured, self.zero, self.one)))


def _placed(value: Floats | float, floor: Floats | float, real: Floats | float) -> Floats:
    span = np.subtract(real, floor)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(span == 0, 0.0, np.clip(np.subtract(value, floor) / span, *_WINSOR))


def named_ends(suite: Suite) -> dict[str, NamedEnds]:
    """What the suite names for a metric, for the metrics that it names anything for."""
    return {
        metric: ends
        for spec in suite.axes.values()
        for metric, ends in (*spec.floors.items(), *spec.ends.items())
    }


def scale_of(
    metric: str, real: Arm | None, floors: Sequence[Arm], named: Mapping[str, NamedEnds] | None = None
) -> Scale | str:
    """The scale of a metric in a run, or why there is none.

    named: what a suite names for a metric: the control that is its floor (the worst one where it names none),
        or both ends.
    """
    wanted = (named or {}).get(metric)
    if isinstance(wanted, tuple):
        return Scale(Fixed(wanted[1]), Fixed(wanted[0]), PUBLISHED)
    if real is None:
        return "the run has no real control to scale by"
    ceiling = real.estimates.get(metric)
    if ceiling is None or ceiling.value is None:
        return f"{metric} has no value on the real control: {ceiling.reason if ceiling else 'no row'}"
    sign = ceiling.facts.sign
    if sign == 0:
        return f"{metric} has no known direction (higher or lower is better)"
    known = [(measured, name) for measured, name in known_on(metric, floors) if wanted in (None, name)]
    if not known:
        return f"{metric} has no value on {'any floor control' if wanted is None else wanted}"
    floor, name = min(known, key=lambda pair: sign * pair[0].whole)
    scale = Scale(ceiling, floor, name)
    if sign * scale.span() <= 0:
        which = "no floor control is" if wanted is None else f"the floor control {wanted} is not"
        return f"{which} worse than real clips on {metric}"
    return scale


def known_on(metric: str, floors: Sequence[Arm]) -> list[tuple[MetricEstimate, str]]:
    """Values of a metric on controls, each with the control's name; those without one are left out."""
    return [
        (measured, arm.control or arm.generator)
        for arm in floors
        if (measured := arm.estimates.get(metric)) is not None and measured.value is not None
    ]


def gate_factor(gates: Sequence[Gate], arm: Arm, real: Arm | None) -> float | str:
    """Product over gates of min(1, value / (share * real value)), not below 0; or why it cannot be had."""
    factor = 1.0
    for gate in gates:
        if real is None:
            return "the run has no real control for the gate"
        mine, its = arm.estimates.get(gate.metric), real.estimates.get(gate.metric)
        if mine is None or mine.value is None:
            return f"the gate {gate.metric} has no value: {mine.reason if mine else 'no row'}"
        if its is None or its.value is None or its.whole <= 0:
            return f"the gate {gate.metric} has no positive value on real clips"
        factor *= min(1.0, max(0.0, mine.whole / (gate.floor * its.whole)))
    return factor


def _gate_factors(gates: Sequence[Gate], arm: Arm, real: Arm | None, blocks: Blocks) -> Floats | None:
    """The same without each block, float64 (blocks,); None where real clips have no positive value then."""
    factors = np.ones(len(blocks))
    if real is None:
        return factors
    for gate in gates:
        mine, its = (one.estimates[gate.metric].without(blocks) for one in (arm, real))
        if np.any(its <= 0):
            return None
        factors *= np.clip(mine / (gate.floor * its), 0.0, 1.0)
    return factors


def axis_score(
    axis: Axis, spec: AxisSpec, arm: Arm, real: Arm | None, floors: Sequence[Arm], blocks: Blocks
) -> AxisScore:
    """Score of an arm on an axis; see the module for the rules.

    blocks: prompts that leave together, the same for all arms that will be compared.
    """
    for metric in spec.metrics:
        measured = arm.estimates.get(metric)
        if arm.control is not None and axis in RELATIVE_AXES:
            return AxisScore(None, reason="controls are not timed")
        if measured is None or measured.value is None:
            why = measured.reason if measured is not None else "no row for it in this run"
            return AxisScore(None, reason=f"{metric} is missing: {why}")
    if axis in RELATIVE_AXES:
        return _relative(axis, spec, arm)
    return _scaled(spec, arm, real, floors, blocks)


def _relative(axis: Axis, spec: AxisSpec, arm: Arm) -> AxisScore:
    total = sum(spec.metrics.values())
    value = low = high = 0.0
    known = True
    for metric, weight in spec.metrics.items():
        measured = arm.estimates[metric]
        sign = measured.facts.sign
        if sign == 0:
            return AxisScore(None, reason=f"{metric} has no known direction (higher or lower is better)")
        known = known and measured.ends is not None
        ends = (measured.whole, *(measured.ends or (measured.whole, measured.whole)))
        if min(ends) <= 0:
            return AxisScore(None, reason=f"{metric} is not positive, so it has no ratio to its reference")
        centre, first, second = (sign * math.log2(end / spec.reference[metric]) for end in ends)
        value += weight * centre / total
        low += weight * min(first, second) / total
        high += weight * max(first, second) / total
    n = min(arm.estimates[m].n for m in spec.metrics)
    spare = (value - low, high - value)
    moves = USUAL.sd / math.log(2) if axis == Axis.SPEED else 0.0
    shown = (low if known else None, high if known else None)
    return AxisScore(value, *shown, n, spare=spare, occasion=arm.run_id, moves=moves)


def _scaled(spec: AxisSpec, arm: Arm, real: Arm | None, floors: Sequence[Arm], blocks: Blocks) -> AxisScore:
    scales: dict[str, Scale] = {}
    for metric in spec.metrics:
        scale = scale_of(metric, real, floors, {**spec.floors, **spec.ends})
        if isinstance(scale, str):
            return AxisScore(None, reason=scale)
        scales[metric] = scale
    gate = gate_factor(spec.gates, arm, real)
    if isinstance(gate, str):
        return AxisScore(None, reason=gate)
    total = sum(spec.metrics.values())
    weights = {metric: weight / total for metric, weight in spec.metrics.items()}
    held = sum(w * min(max(scales[m].place(arm.estimates[m]), 0.0), 1.0) for m, w in weights.items())
    value = min(1.0, gate * held)  # weights may sum to a little above 1
    n = min(arm.estimates[m].n for m in spec.metrics)
    zeros = {metric: scale.zero_name for metric, scale in scales.items()}
    if arm is real and not spec.ends:
        return AxisScore(1.0, n=n, floors=zeros)
    factors = _gate_factors(spec.gates, arm, real, blocks)
    replicates = np.empty(0)
    if factors is not None:
        places = (w * scales[m].places(arm.estimates[m], blocks) for m, w in weights.items())
        replicates = np.asarray(factors * sum(places, np.zeros(1)))
    spare = _spare(weights, scales, arm, gate, blocks)
    low, high = _ends(value, replicates, spare)
    return AxisScore(value, low, high, n, replicates=replicates, spare=spare, floors=zeros)


def _spare(
    weights: Mapping[str, float], scales: Mapping[str, Scale], arm: Arm, gate: float, blocks: Blocks
) -> tuple[float, float]:
    """Half-widths, down and up, from metrics whose spread the joint jackknife cannot see."""
    down = up = 0.0
    for metric, weight in weights.items():
        measured, span = arm.estimates[metric], scales[metric].span()
        value = measured.whole
        if measured.low is None or measured.high is None or _varies(measured, blocks):
            continue
        reach = [(value - measured.low) / abs(span), (measured.high - value) / abs(span)]
        if span < 0:
            reach.reverse()
        down += (gate * weight * reach[0]) ** 2
        up += (gate * weight * reach[1]) ** 2
    return math.sqrt(down), math.sqrt(up)


def _varies(measured: MetricEstimate, blocks: Blocks) -> bool:
    """Whether the value changes with the prompts that leave, beyond rounding."""
    if not measured.resamples or len(blocks) == 0:
        return False
    return float(np.ptp(measured.without(blocks))) > _ROUNDING * max(1.0, abs(measured.whole))


def _ends(value: float, replicates: Floats, spare: tuple[float, float]) -> tuple[float | None, float | None]:
    half = 0.0
    if len(replicates) >= MIN_GROUPS:
        half = quantile(0.975, len(replicates) - 1) * standard_error(replicates)
    elif spare == (0.0, 0.0):
        return None, None
    low, high = max(0.0, value - math.hypot(half, spare[0])), min(1.0, value + math.hypot(half, spare[1]))
    return (low, high) if high - low > _ROUNDING else (None, None)


def difference(first: AxisScore, second: AxisScore) -> Difference:
    """First minus second; see `differences`."""
    return differences([first, second]).of(0)


def differences(scores: Sequence[AxisScore], least: float = 0.0) -> Differences:
    """First minus second of every pair, paired by prompt where both have replicates.

    What the replicates do not show is joined by the method of variance estimates recovery
    (Zou & Donner 2008, Statistics in Medicine 27): the sides of the intervals that face each other.
    A score without an interval (calls of one round) has an unknown spread, not none: the standard error is
    infinite and orders nothing.

    Args:
        scores: all of them with values.
        least: differences smaller than this are ties.
    """
    count = len(scores)
    one, two = np.triu_indices(count, 1)
    values = np.array([score.value for score in scores], dtype=np.float64)
    known = np.array([score.low is not None for score in scores])
    groups = np.array([len(score.replicates) for score in scores])
    spare = np.array([score.spare for score in scores]).reshape(count, 2)
    paired = (groups[one] == groups[two]) & (groups[one] >= MIN_GROUPS)
    value = values[one] - values[two]
    spread = np.zeros(len(value))
    for size in np.unique(groups[one[paired]]):
        places = np.flatnonzero(groups == size)
        replicates = np.stack([scores[place].replicates for place in places.tolist()])
        for at, place in enumerate(places[:-1].tolist()):  # a row of pairs at once: all would be too large
            first = place * count - place * (place + 1) // 2 - place - 1
            pairs = first + places[at + 1 :]
            spread[pairs] = standard_errors(replicates[at] - replicates[at + 1 :])
    dof = np.where(paired, groups[one] - 1.0, math.inf)
    mine = np.where(value > 0, spare[one, 0], spare[one, 1])
    its = np.where(value > 0, spare[two, 1], spare[two, 0])
    reach = quantiles(0.975, dof)
    runs, moves = np.array([s.occasion for s in scores]), np.array([s.moves for s in scores])
    lasting = np.where(runs[one] != runs[two], np.hypot(moves[one], moves[two]), 0.0)
    se = np.hypot(np.hypot(np.hypot(spread, mine / reach), its / reach), lasting)
    sure = paired | (known[one] & known[two])
    return Differences(value, np.where(sure, se, math.inf), dof, least, lasting)
