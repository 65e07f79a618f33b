"""Set metrics of two arms, computed again on the requests that both answered, from cached features.

A distance or a diversity over a set depends on how many clips it is of and on which. So where an arm
lacks a clip that the other has, the stored values may not be subtracted; both are computed again. No clip
is read for that: what is not in the feature cache is a reason to have no value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from vbench_lite import registry
from vbench_lite.errors import IncomparableError, NotApplicable, RegistryError
from vbench_lite.extractor import Precision
from vbench_lite.metric import Estimate, Features, SampleInfo, SetMetric
from vbench_lite.run.networks import Networks, precision_of
from vbench_lite.run.scoring import fingerprint as prints
from vbench_lite.run.scoring.clip_pass import ClipPass
from vbench_lite.run.scoring.features import Extractors, FeatureCache
from vbench_lite.run.scoring.metric_set import make_metrics
from vbench_lite.run.scoring.outcome import Outcome
from vbench_lite.run.scoring.reference_features import ReferenceFeatures, set_reference
from vbench_lite.run.scoring.sample_info import sample_info
from vbench_lite.run.scoring.score_rows import Row
from vbench_lite.run.scoring.set_scoring import SetScoring, usable
from vbench_lite.store.rundir import RunDir
from vbench_lite.suite import Suite


@dataclass(frozen=True)
class StoredArm:
    """One generator of a run on disk, under a suite."""

    run: RunDir
    generator: str
    suite: Suite

    @cached_property
    def rows(self) -> Mapping[str, Row]:
        """Its samples by id."""
        rows = self.run.rows("sample", generator=self.generator, suite=self.suite.name)
        return {str(row["sample_id"]): row for row in rows}

    @property
    def cache(self) -> FeatureCache:
        return FeatureCache(self.run.root / "pool" / "features")


@dataclass(frozen=True)
class JointValues:
    """A set metric of both arms; clips: how many of each it is of."""

    baseline: Estimate
    candidate: Estimate
    clips: int


@dataclass(frozen=True)
class _Clip:
    """What a set metric is told of one clip; `features` is None where they are not cached."""

    row: Row
    sample: SampleInfo
    features: Mapping[str, Features] | None

    @property
    def num_frames(self) -> int:
        return int(self.row["num_frames"] or 0)


class JointSets:
    """Two arms whose set metrics are computed again, one metric at a time."""

    def __init__(self, baseline: StoredArm, candidate: StoredArm) -> None:
        self.arms = (baseline, candidate)
        self._made: dict[tuple[str, ...], tuple[tuple[Extractors, Extractors], ReferenceFeatures]] = {}

    def compute(self, metric: str, fingerprint: str, requests: Sequence[tuple[str, str]]) -> JointValues:
        """Both values on equal requests; replicates leave out the same prompts.

        Args:
            fingerprint: of a stored value; it says, but for its requests, how it was measured.
            requests: sample ids (baseline, candidate) of the clips that answer one request. Those on
                which an arm's clip is unfit for the metric are left out in both.

        Raises:
            NotApplicable: there is no such value: features are not cached, the metric is not installed
                or measures in another way than the stored value, or too few clips are left.
            IncomparableError: clips of equal requests were asked for at other sizes or rates.
        """
        kind = _kind(metric, self.arms[0].suite)
        extractors, reference = self._tools(kind.info.extractors, precision_of(fingerprint))
        self._check_measurement(kind, extractors, fingerprint)
        pairs = self._pairs(kind, extractors, requests)
        baseline, candidate = (
            self._value(kind, [pair[arm] for pair in pairs], reference) for arm in range(len(self.arms))
        )
        return JointValues(baseline, candidate, len(pairs))

    def _value(self, metric: SetMetric, clips: Sequence[_Clip], reference: ReferenceFeatures) -> Estimate:
        """The metric over clips that are fit for it."""
        one = SetScoring(type(metric)())
        for clip in clips:
            assert clip.features is not None
            one.add(clip.sample, clip.features, clip.num_frames)
        missing = reference.add_to(one) if metric.needs_reference and one.enough else None
        result = one.finish(missing)
        if result.estimate is None:
            raise NotApplicable(str(result.outcome.reason))
        return result.estimate

    def _tools(
        self, names: tuple[str, ...], precision: Precision
    ) -> tuple[tuple[Extractors, Extractors], ReferenceFeatures]:
        """Extractors with the cache of each arm, and the reference clips' features."""
        key = (*names, precision)
        if key not in self._made:
            networks = Networks(precision=precision)
            first, second = (Extractors(names, arm.cache, networks) for arm in self.arms)
            reference = ReferenceFeatures(self.arms[0].suite, ClipPass(first))
            self._made[key] = (first, second), reference
        return self._made[key]

    def _check_measurement(
        self, metric: SetMetric, extractors: tuple[Extractors, Extractors], stored: str
    ) -> None:
        """The metric that is installed must measure as the stored value was measured."""
        names = metric.info.extractors
        for name, outcome in extractors[0].broken.items():
            if name in names:
                raise NotApplicable(str(outcome.reason))
        made = extractors[0].made(names)
        ours = prints.fingerprint(metric.info, made, "", set_reference(metric, self.arms[0].suite))
        for field, (here, there) in prints.differences(ours, stored).items():
            if field != "requests":
                raise NotApplicable(f"{field}: {here or 'none'} here, {there or 'none'} when it was scored")

    def _pairs(
        self,
        metric: SetMetric,
        extractors: tuple[Extractors, Extractors],
        requests: Sequence[tuple[str, str]],
    ) -> list[tuple[_Clip, _Clip]]:
        """The clips of both that are fit for the metric, in the order in which a set is scored."""
        names = metric.info.extractors
        pairs = []
        for baseline_id, candidate_id in requests:
            one = self._clip(0, baseline_id, names, extractors[0])
            other = self._clip(1, candidate_id, names, extractors[1])
            if prints.clip_request(one.row) != prints.clip_request(other.row):
                asked = f"{prints.clip_request(one.row)} and {prints.clip_request(other.row)}"
                raise IncomparableError(f"requests: {asked} for sample {baseline_id}")
            prompt = one.sample.prompt_id  # both leave out the same prompts
            pairs.append((one, replace(other, sample=replace(other.sample, prompt_id=prompt))))
        lost = len({clip.row["clip_sha256"] for pair in pairs for clip in pair if clip.features is None})
        if lost:
            raise NotApplicable(f"features of {lost} clips are not cached")
        fit = [pair for pair in pairs if all(_fits(metric, clip) for clip in pair)]
        return sorted(fit, key=lambda pair: _place(pair[0].row))

    def _clip(self, arm: int, sample_id: str, names: Sequence[str], extractors: Extractors) -> _Clip:
        row = self.arms[arm].rows[sample_id]
        sha = str(row["clip_sha256"])
        found = {name: extractors.cached(sha, name) for name in names}
        features = {name: rows for name, rows in found.items() if rows is not None}
        sample = sample_info(row, self.arms[arm].suite)
        return _Clip(row, sample, features if len(features) == len(found) else None)


def _kind(metric: str, suite: Suite) -> SetMetric:
    """The installed set metric of this id, or one that the suite names by its import path.

    Raises:
        NotApplicable: there is none.
    """
    paths = [name for name in suite.metrics if ":" in name]
    try:
        made = make_metrics([metric] if metric in registry.names("metrics") else paths)
    except RegistryError as error:
        raise NotApplicable(str(error)) from None
    found = next((one for one in made.sets if one.info.id == metric), None)
    if found is None:
        broken = next(iter(made.broken.values()), None)
        raise NotApplicable(str(broken.reason) if broken else f"no set metric {metric} is installed")
    return found


def _fits(metric: SetMetric, clip: _Clip) -> bool:
    assert clip.features is not None
    missing: Outcome | None = usable(metric.info, clip.sample, clip.features, clip.num_frames)[1]
    return missing is None


def _place(row: Row) -> tuple[str, int, str]:
    return str(row["prompt_id"]), int(row["seed"]), str(row["sample_id"])
