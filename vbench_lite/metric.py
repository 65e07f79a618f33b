"""The contract of a metric: what it declares, and how the scorer feeds it.

Five kinds, by what they look at:

- `ClipMetric`: one clip, streamed in chunks of frames and/or through shared features.
- `PairMetric`: a clip and its reference, in step.
- `SetMetric`: features of a whole set, with mergeable state.
- `CallMetric`: one timed call of a generator (speed, memory).
- `SummaryMetric`: one number from the values of other metrics over the same set.

`FrameMetric` (each frame on its own), `NeighbourMetric` (pairs of neighbours) and `FeatureMetric` (from
shared features alone) are the short forms of `ClipMetric`.

Features come from extractors (`extractor.py`), which run once per clip for all metrics that want them.
A metric that cannot have a value raises `NotApplicable(reason)`; the reason is stored.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from vbench_lite.clip import ClipInfo
from vbench_lite.clip import Frames as Frames
from vbench_lite.errors import NotApplicable
from vbench_lite.extractor import Features as Features

if TYPE_CHECKING:
    from vbench_lite.control import Script

Role = Literal["generated", "reference"]


class Axis(StrEnum):
    """What a number speaks of."""

    QUALITY = "quality"
    COHERENCE = "coherence"
    ALIGNMENT = "alignment"
    DIVERSITY = "diversity"
    HORIZON = "horizon"
    CONTROL = "control"
    SPEED = "speed"
    MEMORY = "memory"
    PREFERENCE = "preference"  # votes of people; no metric of a suite has it


@dataclass(frozen=True)
class SetRule:
    """How values of clips become the value of their set, where a published tool has a rule of its own.

    The set's value is scale * sum(w v) / sum(w) over all clips, w being `Scored.weight` if `weighted`
    and 1 if not. A metric without a rule takes the mean over prompts of the prompt's mean.
    """

    weighted: bool = False
    scale: float = 1.0


@dataclass(frozen=True, kw_only=True)
class MetricInfo:
    """What a metric declares.

    Attributes:
        id: "area/name"; changes when the computation changes in kind.
        version: counts changes of the computation under the same id.
        unit: "" for pure numbers.
        bounds: closed interval every value lies in; None where open.
        higher_is_better: None for a description that is neither good nor bad (motion amount).
        summary: one sentence on what it means.
        source: paper and equation, or repository.
        extractors: ids of the extractors it reads.
        weights: catalogue keys of files that the metric itself needs, beside those of its extractors.
        min_frames: clips with fewer are not applicable.
        min_n: sets with fewer clips are not applicable.
        needs_world: the data set whose captions it can judge, or None for any clip.
        over_set: the published rule by which clips make the value of a set, if it is not our own.
        may_be_zero: 0 is a value of a timed call like any other (stalls): two generators are then compared by
            difference, never by ratio.
        made_for: names of the damages of `vbench-lite audit` that it is made to notice; () for those that its
            axis is meant to.
    """

    id: str
    version: int = 1
    axis: Axis
    unit: str = ""
    bounds: tuple[float | None, float | None]
    higher_is_better: bool | None
    summary: str
    source: str
    extractors: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    min_frames: int = 1
    min_n: int = 1
    needs_world: str | None = None
    over_set: SetRule | None = None
    may_be_zero: bool = False
    made_for: tuple[str, ...] = ()


# Beside a value over a set, by their names in `extras`: clips of the reference, what a perfect generator
# shows at this n, the value without its bias.
DETAILS = ("reference_n", "perfect", "corrected")


@dataclass(frozen=True)
class Estimate:
    """A number with its uncertainty.

    Attributes:
        low, high: 95% interval; None where nothing can vary or n is too small to say.
        n: clips (or calls) behind it.
        replicates: the value with each prompt group left out, in the order of the groups; the
            joint jackknife of axis scores and of comparisons reads them. None if not computed.
        note: what a reader should know of it (why there is no interval); kept with the score.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    replicates: tuple[float, ...] | None = None
    extras: Mapping[str, float] = field(default_factory=dict)
    note: str | None = None


@dataclass(frozen=True)
class SampleInfo:
    """Where a clip comes from, as far as metrics may know.

    Attributes:
        facts: what a prompt list says beside the text, by the list's own names (VBench's full_info.json:
            `dimension`, `auxiliary_info`); empty where nobody said anything.
        image, past_frames: what the generator was given, uint8 (H, W, 3) and (T, H, W, 3), or None.
        control_clip: what it was to follow, uint8 (T, H, W, 3), or None. control_kind: what it shows.
        pieces: frames of each piece in which the clip arrived, of the frames that count; empty where
            nobody recorded it (clips made elsewhere).
        walk: where on a walk through initial noise the clip was made, in [0, 1], or None.
        script: what was held while a steered clip was made, by its frames; None for every other clip.
        sampled: (frame at which a control was issued, first frame made with it), for each change of control
            that the generator sampled; empty for one that took the script at once.
    """

    generator: str
    sample_id: str
    prompt_id: str
    prompt: str | None
    seed: int | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    image: Frames | None = field(default=None, compare=False)
    past_frames: Frames | None = field(default=None, compare=False)
    control_clip: Frames | None = field(default=None, compare=False)
    control_kind: str | None = None
    pieces: tuple[int, ...] = ()
    walk: float | None = None
    script: Script | None = None
    sampled: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Scored:
    """A value for one clip, with the course that it sums up.

    Attributes:
        series: (seconds from the start of the clip, value there), in order of time; kept with the score,
            so that a chart can show where in the clip something happened.
        weight: of this clip in its set, above 0, for metrics whose `over_set` is weighted.
        note: what a reader should know of this value (a prompt that was cut); kept with the score.
    """

    value: float
    series: tuple[tuple[float, float], ...] = ()
    weight: float = 1.0
    note: str | None = None

    def __float__(self) -> float:
        return float(self.value)


class ClipMetric(ABC):
    """A value for one clip. One object serves many clips, one after another."""

    info: ClassVar[MetricInfo]

    @abstractmethod
    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        """Forget the last clip. Raises NotApplicable when this clip can have no value."""

    def push(self, frames: Frames, indices: npt.NDArray[np.int64]) -> None:
        """Take the next frames, uint8 (N, H, W, 3), with their places in the clip."""
        return

    @abstractmethod
    def finish(self, features: Mapping[str, Features]) -> float | Scored:
        """Return the value (with its series, if any); `features` holds what `info.extractors` names."""


class FeatureMetric(ClipMetric):
    """A value of the features alone: nothing is kept of the clip, its prompt or its frames."""

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        return


class FrameMetric(ClipMetric):
    """Mean over frames of a value that each frame has on its own."""

    @abstractmethod
    def frames(self, frames: Frames) -> npt.NDArray[np.float64]:
        """Return one value a frame, float64 (N,), for uint8 (N, H, W, 3)."""

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self._sum, self._count = 0.0, 0

    def push(self, frames: Frames, indices: npt.NDArray[np.int64]) -> None:
        values = self.frames(frames)
        self._sum += float(values.sum())
        self._count += len(values)

    def finish(self, features: Mapping[str, Features]) -> float:
        return self._sum / self._count


class NeighbourMetric(ClipMetric):
    """Mean over pairs of neighbouring frames; the last frame of a chunk meets the next chunk's first."""

    @abstractmethod
    def pairs(self, frames: Frames) -> npt.NDArray[np.float64]:
        """Return one value for each pair of neighbours, float64 (N-1,), for uint8 (N, H, W, 3)."""

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self._last: Frames | None = None
        self._sum, self._count = 0.0, 0

    def push(self, frames: Frames, indices: npt.NDArray[np.int64]) -> None:
        joined = frames if self._last is None else np.concatenate([self._last, frames])
        self._last = frames[-1:].copy()
        if len(joined) > 1:
            values = self.pairs(joined)
            self._sum += float(values.sum())
            self._count += len(values)

    def finish(self, features: Mapping[str, Features]) -> float | Scored:
        if self._count == 0:
            raise NotApplicable("the clip has one frame, and this needs two")
        return self._sum / self._count


class PairMetric(ABC):
    """A value for a clip against its reference, both pushed in step."""

    info: ClassVar[MetricInfo]

    @abstractmethod
    def start(self, clip: ClipInfo, reference: ClipInfo, sample: SampleInfo) -> None:
        """Forget the last pair. Raises NotApplicable when the two cannot be compared."""

    @abstractmethod
    def push(self, frames: Frames, reference: Frames, indices: npt.NDArray[np.int64]) -> None:
        """Take the next frames of both, uint8 (N, H, W, 3) of one size."""

    @abstractmethod
    def finish(self) -> float:
        """Return the value."""


class SetMetric(ABC):
    """A value for a set of clips, with or without a reference set.

    The state merges: any split of the clips over any number of objects gives the same number.
    """

    info: ClassVar[MetricInfo]
    needs_reference: ClassVar[bool] = True

    @abstractmethod
    def update(self, features: Mapping[str, Features], sample: SampleInfo, role: Role) -> None:
        """Add one clip by its features."""

    @abstractmethod
    def merge(self, other: SetMetric) -> None:
        """Add the state of another object of the same class."""

    @abstractmethod
    def compute(self) -> Estimate:
        """Return the value with its interval. Raises NotApplicable when n is too small."""


BASE_CASE = "base"  # the request of the suite itself; the cases of a sweep are named by what they change


@dataclass(frozen=True)
class Measurement:
    """One call of a generator under the clock, as the performance pass recorded it.

    Attributes:
        case: which request was made: BASE_CASE or, such as "frames=32" of a sweep.
        call: "first" (after the load) or "warm".
        load_s: None where nothing is loaded apart from a call.
        total_s: from the request to the last frame handed over, frames that are trimmed later included.
        arrivals: (seconds since the request, frames in this piece) for each emit of the call's first
            clip, returned frames only.
        frames_generated, frames_returned: made by the generator; kept after trimming.
        batch: clips made in this call.
        phases: seconds by phase.
        peak_bytes: resident (or device) peak during the call; None if unknown, never 0.
        baseline_bytes: resident bytes before the generator was loaded (imports only); None if unknown.
        nfe, tokens, kv_cache_bytes: work counters, None where they mean nothing. nfe is for one clip (rows
            through the denoiser, divided by the clips); tokens and bytes are of the whole call.
        flops: floating-point operations of the call, from a profiled call that is not timed.
        energy_j: joules the accelerator took during the call.
        contended: another process was busy on the same device during the call.
        controls: for each change of control that a steered generator sampled, (seconds at which it was
            issued, seconds at which it was sampled, first frame made with it), of the call's first clip.
    """

    generator: str
    case: str
    round: int
    call: Literal["first", "warm"]
    load_s: float | None
    total_s: float
    arrivals: tuple[tuple[float, int], ...]
    frames_generated: int
    frames_returned: int
    batch: int
    height: int
    width: int
    fps: float
    phases: Mapping[str, float] = field(default_factory=dict)
    peak_bytes: int | None = None
    baseline_bytes: int | None = None
    nfe: float | None = None
    tokens: float | None = None
    kv_cache_bytes: float | None = None
    flops: float | None = None
    energy_j: float | None = None
    contended: bool = False
    controls: tuple[tuple[float, float, int], ...] = ()


class CallMetric(ABC):
    """A value for one timed call; warm calls count, the first call is shown beside."""

    info: ClassVar[MetricInfo]

    @abstractmethod
    def value(self, call: Measurement) -> float:
        """Return the value of this call. Raises NotApplicable where it is unknown."""


class SummaryMetric(ABC):
    """A value made of the values that other metrics have over the same set.

    parts: ids of those metrics.
    """

    info: ClassVar[MetricInfo]
    parts: ClassVar[tuple[str, ...]]

    @abstractmethod
    def summarise(self, values: Mapping[str, float]) -> float:
        """Return the value; `values` holds those parts that have one.

        Raises:
            NotApplicable: a part is missing; the message names it.
        """


Metric = ClipMetric | PairMetric | SetMetric | CallMetric | SummaryMetric
