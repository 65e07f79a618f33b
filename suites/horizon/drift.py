"""How the look of a clip changes with time: the slope of a value over windows of one second.

Relative drifts are slopes divided by the mean over the clip, in shares of it a second, so that a grey
clip and a bright one can stand in one mean. They are signed: below 0 something is lost. A constant value
drifts by 0, the frame rate does not matter, and a clip of twice the length at the same slope has the same
drift. The interval of a generator's mean comes from its clips.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Floats, Ints
from vbench_lite.clip import ClipInfo, Seconds
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, ClipMetric, Features, Frames, MetricInfo, SampleInfo, Scored
from vbench_lite.suites.frame_means import frame_means
from vbench_lite.suites.frames.sharpness import Sharpness
from vbench_lite.suites.horizon.windows import LEAST_WINDOWS, course, first_second

HELD = 0.05  # of a usual step, above which a frame is held
_SOURCE = "least-squares slope over windows of one second (definition)"


class Drift(ClipMetric):
    """Slope of a value of frames against time, over windows of one second; a steady value gives 0."""

    relative: ClassVar[bool] = True

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        clip.edges(0)  # a clip without a rate has no drift
        self.clip = clip
        self._values: list[float] = []

    def finish(self, features: Mapping[str, Features]) -> Scored:
        values = self.values(features)
        found = course(*self.spread(values, self.clip.edges(len(values))))
        mean = float(found.values.mean())
        if not self.relative:
            return Scored(found.slope, found.series)
        if mean == 0:
            raise NotApplicable("there is nothing that could drift: the value is 0 throughout")
        return Scored(found.slope / mean, found.series)

    def spread(self, values: Floats, edges: Seconds) -> tuple[Floats, Seconds]:
        """Values with the seconds in which they hold: each while its frame is on show."""
        return values, edges

    @abstractmethod
    def values(self, features: Mapping[str, Features]) -> Floats:
        """One value for each frame (or each step to the next), float64 (T,)."""


class FrameDrift(Drift):
    """The value is one that each frame has on its own."""

    def push(self, frames: Frames, indices: Ints) -> None:
        self._values += self.measure(frames).tolist()

    def values(self, features: Mapping[str, Features]) -> Floats:
        return np.array(self._values)

    @abstractmethod
    def measure(self, frames: Frames) -> Floats:
        """One value a frame, float64 (N,), for uint8 (N, H, W, 3)."""


def _info(
    name: str, what: str, *, better: bool | None, relative: bool = True, judged: bool = False
) -> MetricInfo:
    change = "in shares of its mean a second" if relative else "a second"
    sign = "; below 0 it is lost with time" if better else "; 0 is steady"
    return MetricInfo(
        id=f"horizon/{name}",
        version=2,
        axis=Axis.HORIZON,
        unit="1/s",
        bounds=(None, None),
        higher_is_better=better,
        summary=f"Change of {what} {change}{sign}.",
        source=_SOURCE,
        extractors=("shapes-judge",) if judged else (),
        min_frames=LEAST_WINDOWS,
        needs_world="shapes" if judged else None,
    )


class SharpnessDrift(FrameDrift):
    """Whether edges blur (below 0) or are overdrawn (above 0) as the clip goes on.

    Formula: slope of the windows' mean of `frames/sharpness`, divided by its mean over the clip.
    Traps: a thing that leaves the picture takes its edges along. Autoregressive generators that sharpen
        with every step rise first and break later: look at the series.
    """

    info: ClassVar[MetricInfo] = _info("sharpness_drift", "the sharpness of edges", better=True)

    def measure(self, frames: Frames) -> Floats:
        return Sharpness().frames(frames)


class BrightnessDrift(FrameDrift):
    """Whether the picture grows brighter (above 0) or darker (below 0).

    Formula: slope of the windows' mean level over all pixels and channels, divided by its mean.
    Traps: a sunset drifts as well; compare with real clips of the same prompts.
    """

    info: ClassVar[MetricInfo] = _info("brightness_drift", "the mean level", better=None)

    def measure(self, frames: Frames) -> Floats:
        return frame_means(frames) / 255


class ColourDrift(FrameDrift):
    """Whether colours grow stronger (above 0; typical of long autoregression) or fade (below 0).

    Formula: slope of the windows' mean chroma, (max - min over the channels) / 255 averaged over pixels,
        divided by its mean.
    Traps: a grey clip has no chroma: not applicable.
    """

    info: ClassVar[MetricInfo] = _info("colour_drift", "the strength of colours", better=None)

    def measure(self, frames: Frames) -> Floats:
        chroma = frames.max(axis=3) - frames.min(axis=3)  # uint8: max >= min, nothing wraps
        return frame_means(chroma) / 255


class MotionDrift(FrameDrift):
    """Whether motion dies down (below 0) or gets out of hand (above 0).

    Formula: slope of the windows' mean absolute difference of neighbouring frames a second, divided by its
        mean.
    Traps: a frozen clip has nothing that drifts: not applicable. Flicker counts as motion.
    """

    info: ClassVar[MetricInfo] = _info("motion_drift", "the difference of neighbouring frames", better=None)

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        super().start(clip, sample)
        self._last: Frames | None = None

    def measure(self, frames: Frames) -> Floats:
        joined = frames if self._last is None else np.concatenate([self._last, frames])
        self._last = frames[-1:].copy()
        return frame_means(np.abs(np.diff(joined.astype(np.int16), axis=0))) / 255

    def spread(self, values: Floats, edges: Seconds) -> tuple[Floats, Seconds]:
        """Differences a second; while a frame is held nothing moves until its last usual step."""
        shown = np.diff(edges)
        step = float(np.median(shown))
        moving = np.minimum(shown, step)
        held = np.flatnonzero(shown > step * (1 + HELD))
        rates = np.divide(values, moving, out=np.zeros_like(values), where=moving > 0)
        return np.insert(rates, held, 0.0), np.insert(edges, held + 1, (edges[1:] - moving)[held])


class IdentityDrift(Drift):
    """Whether the thing of a clip of the shapes world turns into something else as time goes on.

    Formula: slope of the windows' share of frames that show the shape and colour most frequent in the
        first second.
    Traps: a clip that shows nothing in the first second has no identity to lose: not applicable.
    """

    relative: ClassVar[bool] = False
    info: ClassVar[MetricInfo] = _info(
        "identity_drift", "the share of frames that show the thing the clip began with",
        better=True, relative=False, judged=True,
    )  # fmt: skip

    def values(self, features: Mapping[str, Features]) -> Floats:
        readings = shapes_judge.frame_readings(features["shapes-judge"])
        opening = first_second(self.clip.edges(len(features["shapes-judge"])))
        return readings.agrees(readings.most_frequent(opening)).astype(np.float64)
