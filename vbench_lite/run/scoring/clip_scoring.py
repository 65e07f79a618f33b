"""All metrics over one clip at a time: frames are pushed once, every metric ends in an outcome.

A metric that raises is out for this clip and no other; it is started afresh with the next one. What
holds for every metric is settled here: least frames, captions of a world, missing features, bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np

from vbench_lite.arrays import Ints
from vbench_lite.clip import ClipInfo, Frames, rates_agree
from vbench_lite.dataset import load_dataset
from vbench_lite.errors import NotApplicable, PromptError, RegistryError
from vbench_lite.metric import ClipMetric, Features, MetricInfo, PairMetric, SampleInfo
from vbench_lite.run.scoring.outcome import Outcome, checked_value, failure

FeatureResults = Mapping[str, Features | Outcome]


class ClipScoring:
    """A pass of clip metrics and, where there is a reference, pair metrics over one clip."""

    def __init__(
        self,
        metrics: Sequence[ClipMetric],
        pairs: Sequence[PairMetric],
        clip: ClipInfo,
        sample: SampleInfo,
        reference: ClipInfo | None = None,
    ) -> None:
        """Start every metric on this clip."""
        self.outcomes: dict[str, Outcome] = {}
        self._count = 0
        self._metrics: list[ClipMetric] = []
        self._pairs: list[PairMetric] = []
        for metric in metrics:
            with self._outcome_of(metric):
                _refuse(unfit(metric.info, clip, sample))
                metric.start(clip, sample)
                self._metrics.append(metric)
        for pair in pairs:
            with self._outcome_of(pair):
                _refuse(unfit(pair.info, clip, sample) or _mismatch(clip, reference))
                assert reference is not None
                pair.start(clip, reference, sample)
                self._pairs.append(pair)

    @property
    def wants_reference(self) -> bool:
        """Whether frames of the reference have to be pushed too."""
        return bool(self._pairs)

    def push(self, frames: Frames, reference: Frames | None = None) -> None:
        """Hand the next frames, uint8 (N, H, W, 3), to every metric that is still in."""
        frames.flags.writeable = False  # a metric that writes into them would change all others
        indices: Ints = np.arange(self._count, self._count + len(frames))
        self._count += len(frames)
        for metric in self._metrics:
            with self._outcome_of(metric):
                metric.push(frames, indices)
        self._metrics = [metric for metric in self._metrics if metric.info.id not in self.outcomes]
        if reference is None:
            return
        reference.flags.writeable = False
        for pair in self._pairs:
            with self._outcome_of(pair):
                pair.push(frames, reference, indices)
        self._pairs = [pair for pair in self._pairs if pair.info.id not in self.outcomes]

    def finish(self, features: FeatureResults) -> dict[str, Outcome]:
        """Return the outcome of every metric by id."""
        for metric in self._metrics:
            with self._outcome_of(metric):
                given, missing = select(metric.info, features, self._count)
                found = missing or checked_value(metric.finish(given), metric.info)
                self.outcomes[metric.info.id] = found
        for pair in self._pairs:
            with self._outcome_of(pair):
                self.outcomes[pair.info.id] = checked_value(pair.finish(), pair.info)
        return self.outcomes

    @contextmanager
    def _outcome_of(self, metric: ClipMetric | PairMetric) -> Iterator[None]:
        """Whatever a metric raises within the block becomes its outcome."""
        try:
            yield
        except Exception as error:  # stored as this metric's outcome
            self.outcomes[metric.info.id] = failure(error)


def _refuse(reason: str | None) -> None:
    if reason is not None:
        raise NotApplicable(reason)


def select(
    info: MetricInfo, features: FeatureResults, num_frames: int
) -> tuple[dict[str, Features], Outcome | None]:
    """The features that a metric reads, and why it has no value if one of them is missing."""
    given: dict[str, Features] = {}
    for name in info.extractors:
        found = features[name]
        if isinstance(found, Outcome):
            return {}, found
        if len(found) == 0:
            return {}, Outcome.not_applicable(
                f"the clip has {counted(num_frames)}, fewer than one window of extractor {name}"
            )
        given[name] = found
    return given, None


def unfit(info: MetricInfo, clip: ClipInfo, sample: SampleInfo) -> str | None:
    """Why a metric has no value on any clip like this one, or None if it may have."""
    if clip.num_frames is not None and clip.num_frames < info.min_frames:
        return too_short(clip.num_frames, info)
    return no_world(info, sample.prompt)


def too_short(num_frames: int, info: MetricInfo) -> str:
    """The reason for a clip with fewer frames than a metric needs."""
    return f"the clip has {counted(num_frames)}, this needs {info.min_frames}"


def counted(num_frames: int) -> str:
    """A number of frames in words."""
    return "1 frame" if num_frames == 1 else f"{num_frames} frames"


def no_world(info: MetricInfo, prompt: str | None) -> str | None:
    """Why a prompt is no caption of the world that a metric judges, or None if it is one."""
    if info.needs_world is None:
        return None
    reason = f"no captions of the {info.needs_world} world"
    if prompt is None:
        return reason
    try:
        load_dataset(info.needs_world).check(prompt)
    except (PromptError, RegistryError):
        return reason
    return None


def _mismatch(clip: ClipInfo, reference: ClipInfo | None) -> str | None:
    if reference is None:
        return "no reference clip"
    if (clip.height, clip.width) != (reference.height, reference.width):
        return (
            f"the clip is {clip.width}x{clip.height} and its reference "
            f"{reference.width}x{reference.height}; resize one of them"
        )
    both = clip.fps is not None and reference.fps is not None
    if both and clip.times is None and reference.times is None and not rates_agree(clip.fps, reference.fps):
        return (
            f"the clip has {clip.fps:g} frames a second and its reference {reference.fps:g}; "
            "give one rate to both (--fps)"
        )
    if clip.num_frames != reference.num_frames:
        return f"the clip has {counted(clip.num_frames or 0)} and its reference {reference.num_frames}"
    return _other_times(clip, reference)


def _other_times(clip: ClipInfo, reference: ClipInfo) -> str | None:
    """Why frames of equal number are not of equal moments; None where nobody says when they are shown."""
    step, count = reference.step, reference.num_frames or 0
    if (clip.times is None and reference.times is None) or clip.step is None or step is None:
        return None
    apart = np.abs(clip.edges(count) - reference.edges(count))[:-1]  # how long the last stands is no matter
    if float(apart.max()) <= step / 2:
        return None
    return (
        "frames of the clip and of its reference are not of the same moments; give one rate to both (--fps)"
    )
