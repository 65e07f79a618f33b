"""One metric of two arms, subtracted: paired by prompt and seed, or the reason why it cannot be.

Differences are oriented so that + means the candidate is better. Numbers of calls that cannot be 0 (times,
rates, memory peaks) are compared as natural logs of the ratio of typical rounds; everything else in the
metric's own unit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

import numpy as np

from vbench_lite.compare.policy import PREFERENCE
from vbench_lite.errors import ContendedError, IncomparableError, NotApplicable, TooFewError
from vbench_lite.metric import Axis, SummaryMetric
from vbench_lite.results.arms import Arm
from vbench_lite.results.axes import PUBLISHED, NamedEnds, Scale, scale_of
from vbench_lite.results.catalogue import summary_metric
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.run.scoring.fingerprint import differences as fingerprint_differences
from vbench_lite.run.scoring.joint_sets import JointSets
from vbench_lite.stats.delta import Delta
from vbench_lite.stats.means import Clusters, cluster_means, linearised
from vbench_lite.stats.paired import paired_means, paired_replicates
from vbench_lite.stats.rounds import STEADY, Occasions, interleaved, medians, separate
from vbench_lite.store.schema import Level
from vbench_lite.votes.duel import Duel

_STEP = 1e-4  # of a value, by which it is moved to see what a metric made of it does
LEAST_CALM = 0.5  # share of the calls that no other process may have disturbed


@dataclass(frozen=True)
class Side:
    """One of the two arms, with what its run says of the machine and of the controls.

    Attributes:
        ends: what the suite names for the scale of a metric: its floor control, or both ends.
        occasions: what differs between two runs in time, for generators that were timed apart.
        occasion: the pass in which its calls were timed; None for that of its run.
    """

    arm: Arm
    real: Arm | None
    floors: tuple[Arm, ...]
    hardware: Mapping[str, object]
    ends: Mapping[str, NamedEnds] = field(default_factory=dict)
    occasions: Occasions = STEADY
    occasion: str | None = None


@dataclass(frozen=True)
class Pairing:
    """The requests that both were asked, and those that both answered.

    Attributes:
        asked: sample ids (baseline, candidate) by (prompt, seed), asked of both.
        answered: of these, those with a clip from both.
        union: how many distinct requests there are.
        identical: every request was answered by both with the same clip.
        sets: computes set metrics again on the answered requests; None without files to do it from.
        votes: those between clips of both; None where nobody voted on them.
    """

    asked: Mapping[tuple[str, int], tuple[str, str]]
    answered: Mapping[tuple[str, int], tuple[str, str]]
    union: int
    identical: bool
    sets: JointSets | None = None
    votes: Duel | None = None

    @property
    def asked_share(self) -> float:
        return len(self.asked) / self.union if self.union else 0.0

    @property
    def answered_share(self) -> float:
        return len(self.answered) / self.union if self.union else 0.0


@dataclass(frozen=True)
class Subtracted:
    """A difference, + is better, with the two values on the common requests.

    units: what `delta.n` counts: prompts, rounds or votes. odds: `delta` is the log-odds of the candidate's
    share; `shown` takes it to the difference of the two shares.
    """

    delta: Delta
    baseline: float
    candidate: float
    logarithmic: bool = False
    units: str = "prompts"
    odds: bool = False

    @property
    def absolute_se(self) -> float:
        """What stands for the standard error of the difference, in the metric's own unit."""
        return self.delta.scale * (abs(self.candidate) if self.logarithmic else 1.0)

    def shown(self, size: float) -> float:
        """A size on the scale of `delta` on the scale on which it is told."""
        return math.tanh(size / 2) if self.odds else size


def pair(baseline: Arm, candidate: Arm) -> Pairing:
    """Match the samples of two arms by prompt and seed."""
    mine = {key: sample for sample, key in baseline.requests.items()}
    its = {key: sample for sample, key in candidate.requests.items()}
    asked = {key: (mine[key], its[key]) for key in mine if key in its}
    answered = {
        key: ids for key, ids in asked.items() if ids[0] in baseline.clips and ids[1] in candidate.clips
    }
    identical = (
        bool(answered)
        and len(answered) == len(mine) == len(its)
        and all(baseline.clips[a] == candidate.clips[b] for a, b in answered.values())
    )
    return Pairing(asked, answered, len(mine.keys() | its.keys()), identical)


def subtract(metric: str, baseline: Side, candidate: Side, pairing: Pairing, overlap: float) -> Subtracted:
    """Candidate minus baseline on one metric.

    Raises:
        IncomparableError: the two numbers may not be subtracted; the message begins with the field.
        TooFewError: they might be, and nothing says how far they differ by chance.
    """
    first, second = baseline.arm.estimates.get(metric), candidate.arm.estimates.get(metric)
    for side, measured in (("baseline", first), ("candidate", second)):
        if measured is None or measured.value is None:
            why = measured.reason if measured is not None else "no row for it in this run"
            raise IncomparableError(f"value: the {side} has none: {why}")
    assert first is not None and second is not None
    if _itself(baseline.arm, candidate.arm):
        assert first.value is not None
        units = "rounds" if first.level is Level.CALL else "prompts"
        ratio = first.level is Level.CALL and not first.facts.may_be_zero
        return Subtracted(Delta(0.0, 0.0, 1.0, first.n), first.value, first.value, ratio, units)
    if (rule := summary_metric(metric)) is not None:
        parts = {part: subtract(part, baseline, candidate, pairing, overlap) for part in rule.parts}
        return _of_parts(rule, parts, first)
    _check_fingerprints(first, second)
    if first.level is Level.CALL:
        return _calls(first, second, baseline, candidate)
    if pairing.answered_share < overlap:
        raise IncomparableError(
            f"requests: {len(pairing.answered)} of {pairing.union} were answered by both, "
            f"at least {overlap:.0%} are needed"
        )
    if pairing.identical:
        assert first.value is not None and second.value is not None
        return Subtracted(Delta(0.0, 0.0, 1.0, len(pairing.answered)), first.value, first.value)
    if metric == PREFERENCE and pairing.votes is not None:
        assert second.value is not None
        return Subtracted(pairing.votes.lead, first.value or 0.0, second.value, units="votes", odds=True)
    try:
        if first.level is Level.SET:
            return _sets(first, second, pairing, overlap)
        return _samples(first, second, baseline.arm, pairing, overlap)
    except NotApplicable as error:
        raise TooFewError(f"n: {error}") from None


def _itself(first: Arm, second: Arm) -> bool:
    """Whether both are one generator of one run: then nothing can differ, whatever was measured."""
    return first.run_id == second.run_id and first.generator == second.generator


def margin_of(metric: str, baseline: Side, measured: MetricEstimate, fraction: float) -> tuple[float, str]:
    """The default margin of a metric in its own unit, and what it is a share of.

    In this order: the way from the floor of the axis to real clips in the baseline's run; the metric's
    bounds where both are finite; the baseline's value.

    Raises:
        IncomparableError: none of them is positive.
    """
    scale = scale_of(metric, baseline.real, baseline.floors, baseline.ends)
    if isinstance(scale, Scale):
        fixed = scale.zero_name == PUBLISHED
        way = "between its published ends" if fixed else f"from {scale.zero_name} to real clips"
        return fraction * abs(scale.span()), f"{fraction:.0%} of the way {way}"
    low, high = measured.facts.bounds
    if low is not None and high is not None and high > low:
        return fraction * (high - low), f"{fraction:.0%} of the metric's range"
    if measured.value:
        return fraction * abs(measured.value), f"{fraction:.0%} of the baseline's value"
    raise IncomparableError("margin: the baseline's value is 0 and nothing else gives it a scale; set one")


def hardware_difference(first: Mapping[str, object], second: Mapping[str, object]) -> str | None:
    """The first hardware field in which two runs differ, with both values."""
    for name in sorted({*first, *second}):
        if first.get(name) != second.get(name):
            return f"hardware.{name}: {first.get(name)} and {second.get(name)}"
    return None


def _check_fingerprints(first: MetricEstimate, second: MetricEstimate) -> None:
    for side, measured in (("baseline", first), ("candidate", second)):
        if len(measured.fingerprints) > 1 and measured.level is not Level.CALL:
            raise IncomparableError(
                f"fingerprint: the {side} was measured in {len(measured.fingerprints)} ways"
            )
    if set(first.fingerprints) == set(second.fingerprints):
        return
    one, other = first.fingerprints[0], second.fingerprints[0]
    found = fingerprint_differences(one, other)
    other_clips = first.level is Level.SET and found.pop("requests", None) is not None  # see `_sets`
    for name, (mine, its) in found.items():
        raise IncomparableError(f"{name}: {mine or 'none'} and {its or 'none'}")
    if not other_clips:
        raise IncomparableError(f"fingerprint: {one or 'none'} and {other or 'none'}")


def _samples(
    first: MetricEstimate, second: MetricEstimate, baseline: Arm, pairing: Pairing, overlap: float
) -> Subtracted:
    both = [
        ids for ids in pairing.answered.values() if ids[0] in first.by_sample and ids[1] in second.by_sample
    ]
    # What was asked of a clip may be nothing that the metric judges: then neither has a value.
    neither = sum(
        a not in first.by_sample and b not in second.by_sample for a, b in pairing.answered.values()
    )
    _check_enough(len(both), pairing.union - neither, overlap)
    mine = [first.by_sample[a] for a, _ in both]
    its = [second.by_sample[b] for _, b in both]
    prompts = [baseline.prompt_of[a] for a, _ in both]
    rule = first.facts.over_set
    weights = None
    if rule is not None:
        weights = [first.sample_weights[a] for a, _ in both], [second.sample_weights[b] for _, b in both]
    scale = 1.0 if rule is None else rule.scale
    low, high = (None if end is None else end * scale for end in first.facts.bounds)
    delta = paired_means(mine, its, prompts, bounds=(low, high), weights=weights)
    groups = Clusters.of(prompts)
    before, after = (
        linearised(cluster_means(values, groups, weight))[0]
        for values, weight in zip((mine, its), weights or (None, None), strict=True)
    )
    return Subtracted(_oriented(delta, first), before, after)


def _check_enough(count: int, of: int, overlap: float) -> None:
    if count < overlap * of:
        raise IncomparableError(
            f"requests: {count} of {of} have a value from both, at least {overlap:.0%} are needed"
        )


def _sets(first: MetricEstimate, second: MetricEstimate, pairing: Pairing, overlap: float) -> Subtracted:
    """Values over sets: those that are stored if both are of the same requests, else made again."""
    differs = _other_requests(first, second)
    if differs is not None:
        return _joint_sets(first, pairing, overlap, differs)
    assert first.value is not None and second.value is not None
    sides = ((first.value, first.replicates), (second.value, second.replicates))
    return _of_sets(first, *sides, prompts=len(first.prompts))


def _other_requests(first: MetricEstimate, second: MetricEstimate) -> str | None:
    """In what the clips of two sets differ, or None if they answer the same requests."""
    if first.n != second.n:
        return f"n: {first.n} and {second.n} clips; a value over a set depends on how many"
    if first.prompts != second.prompts:
        return "requests: the two sets are of different prompts"
    if first.fingerprints != second.fingerprints:
        mine, its = fingerprint_differences(first.fingerprints[0], second.fingerprints[0])["requests"]
        return f"requests: {mine or 'none'} and {its or 'none'}"
    return None


def _joint_sets(first: MetricEstimate, pairing: Pairing, overlap: float, differs: str) -> Subtracted:
    """Both values on the requests that both answered; without them, why the stored ones do not do."""
    both = list(pairing.answered.values())
    try:
        if pairing.sets is None:
            raise NotApplicable("the features of their clips are not at hand")
        found = pairing.sets.compute(first.metric, first.fingerprints[0], both)
    except NotApplicable as reason:
        raise IncomparableError(f"{differs} (on the {len(both)} in common: {reason})") from None
    _check_enough(found.clips, pairing.union, overlap)
    sides = [(estimate.value, estimate.replicates or ()) for estimate in (found.baseline, found.candidate)]
    return _of_sets(first, *sides, prompts=len({prompt for prompt, _ in pairing.answered}))


def _of_sets(
    measured: MetricEstimate,
    first: tuple[float, Sequence[float]],
    second: tuple[float, Sequence[float]],
    *,
    prompts: int,
) -> Subtracted:
    """Two values over sets subtracted, each with its replicates, which leave out several of many prompts."""
    (before, first_out), (after, second_out) = first, second
    delta = paired_replicates(before, after, np.array(first_out), np.array(second_out), measured.facts.bounds)
    delta = replace(delta, n=max(delta.n, prompts))
    return Subtracted(_oriented(delta, measured), before, after)


def _of_parts(rule: SummaryMetric, parts: Mapping[str, Subtracted], measured: MetricEstimate) -> Subtracted:
    """A metric that is made of others: their standard errors joined, as if they erred together."""
    before = {name: part.baseline for name, part in parts.items()}
    after = {name: part.candidate for name, part in parts.items()}
    errors = {name: _influence(rule, after, name) * part.absolute_se for name, part in parts.items()}
    weighs_most = parts[max(errors, key=errors.__getitem__)]
    base, value = rule.summarise(before), rule.summarise(after)
    dof = min(part.delta.dof for part in parts.values())
    delta = Delta(value - base, sum(errors.values()), dof, weighs_most.delta.n)
    return Subtracted(_oriented(delta, measured), base, value, units=weighs_most.units)


def _influence(rule: SummaryMetric, values: Mapping[str, float], name: str) -> float:
    """By how much a metric moves with one of those that it is made of."""
    step = _STEP * max(abs(values[name]), 1.0)
    ends = [rule.summarise({**values, name: values[name] + side * step}) for side in (-1, 1)]
    return abs(ends[1] - ends[0]) / (2 * step)


def _calls(first: MetricEstimate, second: MetricEstimate, baseline: Side, candidate: Side) -> Subtracted:
    differs = hardware_difference(baseline.hardware, candidate.hardware)
    if differs is not None:
        raise IncomparableError(differs)
    ratio = not (first.facts.may_be_zero or min(*first.calls.values(), *second.calls.values()) <= 0)
    one_pass = (baseline.occasion or baseline.arm.run_id) == (candidate.occasion or candidate.arm.run_id)
    calm = []
    sides = (baseline.arm.generator, candidate.arm.generator)
    if len(set(sides)) == 1:
        sides = ("the baseline", "the candidate")
    for side, measured in zip(sides, (first, second), strict=True):
        calls = sum(map(len, measured.calm_rounds.values()))
        if calls < LEAST_CALM * len(measured.calls):
            raise ContendedError(
                f"contended: another process used the device in {len(measured.calls) - calls} of "
                f"{len(measured.calls)} calls of {side}; time it again on an idle machine "
                "(run --retime --when-idle)"
            )
        calm.append(measured.calm_rounds)
    values = [float(median(medians(rounds))) for rounds in calm]
    try:
        if one_pass:
            delta = interleaved(*calm, ratio=ratio)
        else:
            between = baseline.occasions if first.facts.axis == Axis.SPEED else STEADY
            delta = separate(*calm, ratio=ratio, between=between)
    except NotApplicable as error:
        raise TooFewError(f"n: {error}") from None
    return Subtracted(_oriented(delta, first), values[0], values[1], logarithmic=ratio, units="rounds")


def _oriented(delta: Delta, measured: MetricEstimate) -> Delta:
    return delta if measured.facts.sign >= 0 else delta.negated()
