"""The base of set metrics over what the judge of a procedural world reads from clips."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Generic, TypeVar

from vbench_lite.datasets import shapes
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.errors import NotApplicable, StoreError
from vbench_lite.metric import Axis, Estimate, Features, Role, SampleInfo, SetMetric
from vbench_lite.suites.captions import scene_of
from vbench_lite.suites.judged_info import judged_info

Clip = TypeVar("Clip")
ATTRIBUTES = ("colour", "shape", "direction", "speed")
judged_set_info = partial(
    judged_info, how="outline, hue and reflected path, clip by clip", axis=Axis.ALIGNMENT, min_n=2
)


@dataclass(frozen=True)
class JudgedClip:
    """A clip with what was asked for and what it shows; `walk` as in SampleInfo."""

    prompt_id: str
    seed: int | None
    scene: shapes.Scene
    shown: shapes_judge.Judgement
    walk: float | None = None

    def follows(self, attribute: str) -> bool:
        """Whether the clip shows the caption's word for an attribute."""
        return bool(getattr(self.shown, attribute) == getattr(self.scene, attribute))


class ReadSet(SetMetric, Generic[Clip]):
    """A set metric over clips as a judge reads them, in a fixed order, whatever that of the updates."""

    needs_reference: ClassVar[bool] = False

    def __init__(self) -> None:
        self._clips: dict[tuple[str, str], Clip] = {}
        self._rows: dict[tuple[str, str], bytes] = {}

    @abstractmethod
    def read(self, rows: Features, sample: SampleInfo) -> Clip:
        """A clip with what was asked for and what it shows, by the rows of the judge's extractor."""

    def update(self, features: Mapping[str, Features], sample: SampleInfo, role: Role) -> None:
        if role == "reference":
            return
        rows, key = features[self.info.extractors[0]], (sample.prompt_id, sample.sample_id)
        if self._rows.setdefault(key, rows.tobytes()) != rows.tobytes():
            raise StoreError(f"{self.info.id}: two different clips are both sample {sample.sample_id!r}")
        self._clips[key] = self.read(rows, sample)

    def merge(self, other: SetMetric) -> None:
        if not isinstance(other, ReadSet) or other.info != self.info:
            raise TypeError(f"{self.info.id} cannot merge {other.info.id}")
        for key, clip in other._clips.items():
            if self._rows.setdefault(key, other._rows[key]) != other._rows[key]:
                raise StoreError(f"{self.info.id}: two different clips are both sample {key[1]!r}")
            self._clips[key] = clip

    def compute(self) -> Estimate:
        """Return the value with its interval; raises NotApplicable where the set does not have it."""
        if len(self._clips) < self.info.min_n:
            raise NotApplicable(f"n too small: {len(self._clips)} clips, and this needs {self.info.min_n}")
        return self.judge([self._clips[key] for key in sorted(self._clips)])

    @abstractmethod
    def judge(self, clips: Sequence[Clip]) -> Estimate:
        """Return the value of these clips."""


class JudgedSet(ReadSet[JudgedClip]):
    """A set metric over clips of the shapes world."""

    def read(self, rows: Features, sample: SampleInfo) -> JudgedClip:
        scene = scene_of(sample)
        shown = shapes_judge.judge_features(rows)
        return JudgedClip(sample.prompt_id, sample.seed, scene, shown, sample.walk)
