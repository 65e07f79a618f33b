"""One metric of two arms, subtracted: paired by prompt and seed, or the reason why it cannot be.

Differences are oriented so that + means the candidate is better. Times, rates and memory peaks are
compared as natural logs of the ratio of typical calls; everything else in the metric's own unit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from vbench_lite.errors import IncomparableError, NotApplicable
from vbench_lite.metric import Axis
from vbench_lite.results.arms import Arm
from vbench_lite.results.axes import Scale, scale_of
from vbench_lite.results.estimates import Evidence
from vbench_lite.run.scoring.fingerprint import differences as fingerprint_differences
from vbench_lite.run.scoring.joint_sets import JointSets
from vbench_lite.stats.paired import Delta, log_ratio, paired_means, paired_replicates
from vbench_lite.stats.rounds import interleaved_log_ratio, separate_log_ratio
from vbench_lite.store.schema import Level

LEAST_CALLS = 4
LEAST_ROUNDS = 3  # with two, the spread between rounds is known from one difference


@dataclass(frozen=True)
class Side:
    """One of the two arms, with what its run says of the machine and of the controls."""

    arm: Arm
    real: Arm | None
    floors: tuple[Arm, ...]
    hardware: Mapping[str, object]


@dataclass(frozen=True)
class Pairing:
    """The requests that both were asked, and those that both answered.

    Attributes:
        asked: sample ids (baseline, candidate) by (prompt, seed), asked of both.
        answered: of these, those with a clip from both.
        union: how many distinct requests there are.
        identical: every request was answered by both with the same clip.
        sets: computes set metrics again on the answered requests; None without files to do it from.
    """

    asked: Mapping[tuple[str, int], tuple[str, str]]
    answered: Mapping[tuple[str, int], tuple[str, str]]
    union: int
    identical: bool
    sets: JointSets | None = None

    @property
    def asked_share(self) -> float:
        return len(self.asked) / self.union if self.union else 0.0

    @property
    def answered_share(self) -> float:
        return len(self.answered) / self.union if self.union else 0.0


@dataclass(frozen=True)
class Subtracted:
    """A difference, + is better, with the two values on the common requests.

    units: what `delta.n` counts: prompts, calls or rounds.
    """

    delta: Delta
    baseline: float
    candidate: float
    logarithmic: bool = False
    units: str = "prompts"


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
    """
    first, second = baseline.arm.evidence.get(metric), candidate.arm.evidence.get(metric)
    for side, evidence in (("baseline", first), ("candidate", second)):
        if evidence is None or evidence.value is None:
            why = evidence.reason if evidence is not None else "no row for it in this run"
            raise IncomparableError(f"value: the {side} has none: {why}")
    assert first is not None and second is not None
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
    try:
        if first.level is Level.SET:
            return _sets(first, second, pairing, overlap)
        return _samples(first, second, baseline.arm, pairing, overlap)
    except NotApplicable as error:
        raise IncomparableError(f"n: {error}") from None


def margin_of(metric: str, baseline: Side, evidence: Evidence, fraction: float) -> tuple[float, str]:
    """The default margin of a metric in its own unit, and what it is a share of.

    In this order: the way from the worst control to real clips in the baseline's run; the metric's
    bounds where both are finite; the baseline's value.

    Raises:
        IncomparableError: none of them is positive.
    """
    scale = scale_of(metric, baseline.real, baseline.floors)
    if isinstance(scale, Scale):
        return fraction * abs(
            scale.span()
        ), f"{fraction:.0%} of the way from {scale.floor_name} to real clips"
    low, high = evidence.facts.bounds
    if low is not None and high is not None and high > low:
        return fraction * (high - low), f"{fraction:.0%} of the metric's range"
    if evidence.value:
        return fraction * abs(evidence.value), f"{fraction:.0%} of the baseline's value"
    raise IncomparableError("margin: the baseline's value is 0 and nothing else gives it a scale; set one")


def hardware_difference(first: Mapping[str, object], second: Mapping[str, object]) -> str | None:
    """The first hardware field in which two runs differ, with both values."""
    for field in sorted({*first, *second}):
        if first.get(field) != second.get(field):
            return f"hardware.{field}: {first.get(field)} and {second.get(field)}"
    return None


def _check_fingerprints(first: Evidence, second: Evidence) -> None:
    for side, evidence in (("baseline", first), ("candidate", second)):
        if len(evidence.fingerprints) > 1 and evidence.level is not Level.CALL:
            raise IncomparableError(
                f"fingerprint: the {side} was measured in {len(evidence.fingerprints)} ways"
            )
    if set(first.fingerprints) == set(second.fingerprints):
        return
    one, other = first.fingerprints[0], second.fingerprints[0]
    found = fingerprint_differences(one, other)
    other_clips = first.level is Level.SET and found.pop("requests", None) is not None  # see `_sets`
    for field, (mine, its) in found.items():
        raise IncomparableError(f"{field}: {mine or 'none'} and {its or 'none'}")
    if not other_clips:
        raise IncomparableError(f"fingerprint: {one or 'none'} and {other or 'none'}")


def _samples(
    first: Evidence, second: Evidence, baseline: Arm, pairing: Pairing, overlap: float
) -> Subtracted:
    both = [
        ids for ids in pairing.answered.values() if ids[0] in first.by_sample and ids[1] in second.by_sample
    ]
    _check_enough(len(both), pairing, overlap)
    mine = [first.by_sample[a] for a, _ in both]
    its = [second.by_sample[b] for _, b in both]
    low, high = first.facts.bounds
    delta = paired_means(
        mine,
        its,
        [baseline.prompt_of[a] for a, _ in both],
        width=high - low if low is not None and high is not None else None,
    )
    return Subtracted(
        _oriented(delta, first), _by_prompt(mine, both, baseline), _by_prompt(its, both, baseline)
    )


def _by_prompt(values: list[float], both: list[tuple[str, str]], baseline: Arm) -> float:
    groups: dict[str, list[float]] = {}
    for value, (sample, _) in zip(values, both, strict=True):
        groups.setdefault(baseline.prompt_of[sample], []).append(value)
    return float(np.mean([np.mean(group) for group in groups.values()]))


def _check_enough(count: int, pairing: Pairing, overlap: float) -> None:
    if count < overlap * pairing.union:
        raise IncomparableError(
            f"requests: {count} of {pairing.union} have a value from both, at least {overlap:.0%} are needed"
        )


def _sets(first: Evidence, second: Evidence, pairing: Pairing, overlap: float) -> Subtracted:
    """Values over sets: those that are stored if both are of the same requests, else made again."""
    differs = _other_requests(first, second)
    if differs is not None:
        return _joint_sets(first, pairing, overlap, differs)
    assert first.value is not None and second.value is not None
    delta = paired_replicates(
        first.value, second.value, np.array(first.replicates), np.array(second.replicates)
    )
    return Subtracted(_oriented(delta, first), first.value, second.value)


def _other_requests(first: Evidence, second: Evidence) -> str | None:
    """In what the clips of two sets differ, or None if they answer the same requests."""
    if first.n != second.n:
        return f"n: {first.n} and {second.n} clips; a value over a set depends on how many"
    if first.prompts != second.prompts:
        return "requests: the two sets are of different prompts"
    if first.fingerprints != second.fingerprints:
        mine, its = fingerprint_differences(first.fingerprints[0], second.fingerprints[0])["requests"]
        return f"requests: {mine or 'none'} and {its or 'none'}"
    return None


def _joint_sets(first: Evidence, pairing: Pairing, overlap: float, differs: str) -> Subtracted:
    """Both values on the requests that both answered; without them, why the stored ones do not do."""
    both = list(pairing.answered.values())
    try:
        if pairing.sets is None:
            raise NotApplicable("the features of their clips are not at hand")
        found = pairing.sets.compute(first.metric, first.fingerprints[0], both)
    except NotApplicable as reason:
        raise IncomparableError(f"{differs} (on the {len(both)} in common: {reason})") from None
    _check_enough(found.clips, pairing, overlap)
    mine, its = found.baseline, found.candidate
    out = [np.array(estimate.replicates or ()) for estimate in (mine, its)]
    return Subtracted(_oriented(paired_replicates(mine.value, its.value, *out), first), mine.value, its.value)


def _calls(first: Evidence, second: Evidence, baseline: Side, candidate: Side) -> Subtracted:
    differs = hardware_difference(baseline.hardware, candidate.hardware)
    if differs is not None:
        raise IncomparableError(differs)
    assert first.value is not None and second.value is not None
    if baseline.arm.run_id == candidate.arm.run_id and first.calls == second.calls:  # an arm and itself
        return Subtracted(Delta(0.0, 0.0, 1.0, len(first.calls)), first.value, second.value, logarithmic=True)
    calm = []
    sides = (baseline.arm.generator, candidate.arm.generator)
    if len(set(sides)) == 1:
        sides = ("the baseline", "the candidate")
    for side, evidence in zip(sides, (first, second), strict=True):
        spoilt = frozenset() if evidence.facts.axis == Axis.MEMORY else evidence.contended
        calls = {name: value for name, value in evidence.calls.items() if name not in spoilt}
        if len(calls) < min(LEAST_CALLS, len(evidence.calls)):
            raise IncomparableError(
                f"contended: another process used the device in {len(evidence.calls) - len(calls)} of "
                f"{len(evidence.calls)} calls of {side}; time it again on an idle machine"
            )
        calm.append(calls)
    values = [float(np.median(list(calls.values()))) for calls in calm]
    try:
        delta, units = _call_ratio(*calm, one_run=baseline.arm.run_id == candidate.arm.run_id)
    except NotApplicable as error:
        raise IncomparableError(f"n: {error}") from None
    return Subtracted(_oriented(delta, first), values[0], values[1], logarithmic=True, units=units)


def _call_ratio(
    first: Mapping[str, float], second: Mapping[str, float], *, one_run: bool
) -> tuple[Delta, str]:
    """Log ratio of call times: by rounds where there are enough of them, else by calls."""
    mine, its = _by_round(first), _by_round(second)
    common = mine.keys() & its.keys()
    if one_run and len(common) >= LEAST_ROUNDS:
        return interleaved_log_ratio(mine, its), "rounds"
    if not one_run and min(len(mine), len(its)) >= LEAST_ROUNDS:
        return separate_log_ratio(mine, its), "rounds"
    return log_ratio(list(first.values()), list(second.values())), "calls"


def _by_round(calls: Mapping[str, float]) -> dict[int, list[float]]:
    """Calls by round; their ids are "case/round/index"."""
    rounds: dict[int, list[float]] = {}
    for name, value in calls.items():
        rounds.setdefault(int(name.rsplit("/", 2)[-2]), []).append(value)
    return rounds


def _oriented(delta: Delta, evidence: Evidence) -> Delta:
    value = delta.value if evidence.facts.sign >= 0 else -delta.value
    return replace(delta, value=value if math.copysign(1, value) > 0 or value else 0.0)
