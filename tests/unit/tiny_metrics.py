"""Metrics and an extractor small enough to check by hand, some of them broken on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vbench_lite.clip import ClipInfo, Frames
from vbench_lite.errors import NotApplicable
from vbench_lite.extractor import ExtractorInfo, FeatureExtractor
from vbench_lite.metric import (
    Axis,
    CallMetric,
    ClipMetric,
    Estimate,
    Features,
    FrameMetric,
    Measurement,
    Metric,
    MetricInfo,
    NeighbourMetric,
    PairMetric,
    Role,
    SampleInfo,
    Scored,
    SetMetric,
)
from vbench_lite.run.scoring.features import Extractors, FeatureCache
from vbench_lite.run.scoring.metric_set import MetricSet, make_metrics


def info(name: str, **more: object) -> MetricInfo:
    facts = {"version": 1, "axis": Axis.QUALITY, "unit": "", "bounds": (0.0, None), "higher_is_better": True}
    return MetricInfo(id=name, summary="", source="", **{**facts, **more})  # type: ignore[arg-type]


class Brightness(FrameMetric):
    info = info("t/brightness")

    def frames(self, frames: Frames) -> npt.NDArray[np.float64]:
        values: npt.NDArray[np.float64] = frames.mean(axis=(1, 2, 3), dtype=np.float64)
        return values


class Change(NeighbourMetric):
    info = info("t/change", min_frames=2)

    def pairs(self, frames: Frames) -> npt.NDArray[np.float64]:
        values: npt.NDArray[np.float64] = np.abs(np.diff(frames.astype(np.float64), axis=0)).mean(
            axis=(1, 2, 3)
        )
        return values


class FromFeatures(ClipMetric):
    info = info("t/from_features", extractors=("means",))

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        return

    def finish(self, features: Mapping[str, Features]) -> float:
        return float(features["means"].mean())


class Captioned(Brightness):
    info = info("t/captioned", needs_world="shapes")


class Faulty(ClipMetric):
    """Ends as it is told."""

    info = info("t/faulty", bounds=(0.0, 1.0))
    ending: ClassVar[float | Exception] = RuntimeError("boom\nsecond line")
    where: ClassVar[str] = "finish"

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self._end("start")

    def push(self, frames: Frames, indices: npt.NDArray[np.int64]) -> None:
        self._end("push")

    def finish(self, features: Mapping[str, Features]) -> float:
        return self._end("finish")

    def _end(self, where: str) -> float:
        if where != self.where:
            return 0.0
        if isinstance(self.ending, Exception):
            raise self.ending
        return self.ending


class TimeSeries(ClipMetric):
    """Mean red level with the level of each frame."""

    info = info("t/course")

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self._levels: list[float] = []

    def push(self, frames: Frames, indices: npt.NDArray[np.int64]) -> None:
        self._levels += frames[..., 0].mean(axis=(1, 2)).tolist()

    def finish(self, features: Mapping[str, Features]) -> Scored:
        series = tuple((index / 8, level) for index, level in enumerate(self._levels))
        return Scored(float(np.mean(self._levels)), series)


class Scribbler(ClipMetric):
    """Writes into frames that others read."""

    info = info("t/scribbler")

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        return

    def push(self, frames: Frames, indices: npt.NDArray[np.int64]) -> None:
        frames[:] = 0

    def finish(self, features: Mapping[str, Features]) -> float:
        return 0.0


class Difference(PairMetric):
    info = info("t/difference")

    def start(self, clip: ClipInfo, reference: ClipInfo, sample: SampleInfo) -> None:
        self.total, self.count = 0.0, 0

    def push(self, frames: Frames, reference: Frames, indices: npt.NDArray[np.int64]) -> None:
        self.total += float(np.abs(frames.astype(float) - reference).mean()) * len(frames)
        self.count += len(frames)

    def finish(self) -> float:
        return self.total / self.count


class MeanShift(SetMetric):
    """Distance between the means of two sets."""

    info = info("t/mean_shift", extractors=("means",), min_n=2)

    def __init__(self) -> None:
        self.rows: dict[Role, list[float]] = {"generated": [], "reference": []}
        self.order: list[str] = []

    def update(self, features: Mapping[str, Features], sample: SampleInfo, role: Role) -> None:
        self.rows[role].append(float(features["means"].mean()))
        if role == "generated":
            self.order.append(sample.prompt_id)

    def merge(self, other: SetMetric) -> None:
        raise NotImplementedError

    def compute(self) -> Estimate:
        assert self.order == sorted(self.order)
        if not self.rows["reference"]:
            raise NotApplicable("no reference")
        value = abs(float(np.mean(self.rows["generated"]) - np.mean(self.rows["reference"])))
        return Estimate(
            value, value - 1, value + 1, len(self.rows["generated"]), (value, value), {"bias": 0.0}
        )


class Spread(SetMetric):
    info = info("t/spread", extractors=("means",), min_n=3)
    needs_reference = False

    def __init__(self) -> None:
        self.rows: list[float] = []

    def update(self, features: Mapping[str, Features], sample: SampleInfo, role: Role) -> None:
        self.rows.append(float(features["means"].mean()))

    def merge(self, other: SetMetric) -> None:
        raise NotImplementedError

    def compute(self) -> Estimate:
        return Estimate(float(np.std(self.rows)), None, None, len(self.rows))


class Latency(CallMetric):
    info = info("t/latency")

    def value(self, call: Measurement) -> float:
        if call.peak_bytes is None:
            raise NotApplicable("peak is unknown")
        return call.total_s


class Means(FeatureExtractor):
    """Mean colour of windows of four frames."""

    info = ExtractorInfo(id="means", dim=3, window=4, stride=4, preprocessing="none")
    loads: ClassVar[int] = 0
    batches: ClassVar[list[int]] = []
    load_error: ClassVar[Exception | None] = None

    def load(self, device: str = "cpu") -> None:
        type(self).loads += 1
        if self.load_error is not None:
            raise self.load_error

    def extract(self, windows: Frames) -> Features:
        self.batches.append(len(windows))
        if (windows == 13).all(axis=(1, 2, 3, 4)).any():
            raise ValueError("unlucky frame")
        means: Features = windows.mean(axis=(1, 2, 3)).astype(np.float32)
        return means


def reset() -> None:
    """Forget what earlier tests told the classes."""
    Means.loads, Means.batches, Means.load_error = 0, [], None
    Faulty.ending, Faulty.where = RuntimeError("boom\nsecond line"), "finish"


def metric_set(*kinds: type[Metric]) -> MetricSet:
    return make_metrics([kind.info.id for kind in kinds], {kind.info.id: kind for kind in kinds})


def extractors(root: Path | None = None) -> Extractors:
    cache = None if root is None else FeatureCache(root / "pool" / "features")
    return Extractors(["means"], cache, load=lambda name: Means())
