"""One set metric while the clips of a set go by: which are in, which are left out, and what comes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from vbench_lite.format import plural
from vbench_lite.metric import Estimate, Features, MetricInfo, SampleInfo, SetMetric
from vbench_lite.run.scoring.clip_scoring import FeatureResults, no_world, select, too_short
from vbench_lite.run.scoring.outcome import Outcome, checked_value, failure
from vbench_lite.store.schema import ScoreStatus


@dataclass(frozen=True)
class SetResult:
    """A value over a set, or why there is none.

    Attributes:
        estimate: given exactly when the outcome is ok.
        members: sample ids of the clips that are in, in the order in which they came.
        left_out: clips that are not, by reason.
    """

    outcome: Outcome
    estimate: Estimate | None
    members: tuple[str, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)


class SetScoring:
    """A set metric and its state."""

    def __init__(self, metric: SetMetric) -> None:
        self.metric = metric
        self._members: list[str] = []
        self._left_out: Counter[Outcome] = Counter()
        self._broken: Outcome | None = None

    @property
    def enough(self) -> bool:
        """Whether the set has the clips that the metric needs."""
        return len(self._members) >= self.metric.info.min_n

    def add(self, sample: SampleInfo, features: FeatureResults, num_frames: int) -> None:
        """Add a clip if it has what the metric needs, else note why not."""
        given, missing = usable(self.metric.info, sample, features, num_frames)
        if missing is not None:
            self._left_out[missing] += 1
            return
        try:
            self.metric.update(given, sample, "generated")
        except Exception as error:  # becomes the set's outcome
            self._broken = failure(error)
        self._members.append(sample.sample_id)

    def add_reference(self, sample: SampleInfo, features: Mapping[str, Features]) -> None:
        """Add a clip of the reference set."""
        if any(len(rows) == 0 for rows in features.values()):
            return  # too short for one window
        try:
            self.metric.update(features, sample, "reference")
        except Exception as error:  # as above
            self._broken = failure(error)

    def merge(self, other: SetScoring) -> None:
        """Add the clips that another object has taken; it comes behind those of this one."""
        self._members += other._members
        self._left_out.update(other._left_out)
        self._broken = self._broken or other._broken
        if self._broken is None:
            try:
                self.metric.merge(other.metric)
            except Exception as error:  # as above
                self._broken = failure(error)

    def finish(self, reference_missing: Outcome | None = None) -> SetResult:
        """Compute the value; `reference_missing` says why a reference that it needs is not there."""
        if reference_missing is not None and self.metric.needs_reference:
            return self._without(reference_missing)
        if not self.enough:
            return self._without(self._too_few())
        if self._broken is not None:
            return self._without(self._broken)
        try:
            estimate = self.metric.compute()
        except Exception as error:  # as above
            return self._without(failure(error))
        outcome = replace(checked_value(estimate.value, self.metric.info), note=estimate.note)
        if outcome.status is not ScoreStatus.OK:
            return self._without(outcome)
        outcome = replace(outcome, retry=self._unsettled)
        return SetResult(outcome, _within(estimate, self.metric.info), tuple(self._members), self._causes())

    @property
    def _unsettled(self) -> bool:
        """Whether a clip that is left out might be in the next time."""
        return any(why.retry for why in self._left_out)

    def _causes(self) -> dict[str, int]:
        return {str(why.reason): count for why, count in self._left_out.items()}

    def _too_few(self) -> Outcome:
        """Why there is no value: what every clip lacks, or that too few are left."""
        if not self._members and len(self._left_out) == 1:
            return next(iter(self._left_out))
        reason = f"n too small: {plural(len(self._members), 'clip')}, and this needs {self.metric.info.min_n}"
        if self._left_out:
            causes = "; ".join(f"{why.reason} ({count}x)" for why, count in self._left_out.items())
            reason = f"{reason} (left out: {causes})"
        return Outcome.not_applicable(reason, retry=self._unsettled)

    def _without(self, outcome: Outcome) -> SetResult:
        return SetResult(outcome, None, tuple(self._members), self._causes())


def usable(
    info: MetricInfo, sample: SampleInfo, features: FeatureResults, num_frames: int
) -> tuple[dict[str, Features], Outcome | None]:
    """The features of a clip that a metric reads, and why the clip is left out of its set if it is."""
    given, missing = select(info, features, num_frames)
    reason = no_world(info, sample.prompt)
    if reason is None and num_frames < info.min_frames:
        reason = too_short(num_frames, info)
    return given, missing if reason is None else Outcome.not_applicable(reason)


def _within(estimate: Estimate, info: MetricInfo) -> Estimate:
    """The interval cut where the metric can have no value."""
    low, high = info.bounds
    if estimate.low is None or estimate.high is None:
        return estimate
    return replace(
        estimate,
        low=estimate.low if low is None else max(estimate.low, low),
        high=estimate.high if high is None else min(estimate.high, high),
    )


def gather(sets: dict[str, SetScoring], further: Mapping[str, SetScoring]) -> None:
    """Merge what a further part of the clips came to into what the parts before it did."""
    for name, one in further.items():
        if name in sets:
            sets[name].merge(one)
        else:
            sets[name] = one
