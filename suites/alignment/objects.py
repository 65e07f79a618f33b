"""Objects that a prompt asks for, looked for on sixteen frames by one open-vocabulary detector.

Not validated with real weights: see `detector.py`. VBench asks the same of GRiT, which is not here, so these
have names of their own and enter no total.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Ints
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, ClipMetric, Features, Frames, MetricInfo, SampleInfo
from vbench_lite.suites.alignment import scenes_of_objects as asked
from vbench_lite.suites.alignment.detector import KEY, Box, Detector, detector

LOOKS = 16
_SOURCE = "VBench (Huang et al., CVPR 2024), with OWLv2 (Minderer et al., 2023) for GRiT; not validated"


def middle_frames(count: int, looks: int = LOOKS) -> list[int]:
    """Places of the frames that are looked at: the middle of each of `looks` equal parts of a clip."""
    edges = np.linspace(0, count, min(looks, count) + 1).astype(int)
    return [int((a + b - 1) // 2) for a, b in itertools.pairwise(edges)]


class _Objects(ClipMetric):
    """Share of the frames that are looked at on which something holds."""

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self.read(sample)
        if clip.num_frames is None:
            raise NotApplicable("the clip's length is unknown")
        self._places = set(middle_frames(clip.num_frames))
        self._holds: list[float] = []
        self._detector = detector()

    def push(self, frames: Frames, indices: Ints) -> None:
        for frame, place in zip(frames, indices.tolist(), strict=True):
            if place in self._places:
                self._holds.append(self.holds(frame, self._detector))

    def finish(self, features: Mapping[str, Features]) -> float:
        return sum(self._holds) / len(self._holds)

    @abstractmethod
    def read(self, sample: SampleInfo) -> None:
        """Take what the prompt asks for, or raise NotApplicable."""

    @abstractmethod
    def holds(self, frame: Frames, found: Detector) -> float:
        """Whether it holds on a frame, 0..1."""


def _info(name: str, summary: str) -> MetricInfo:
    return MetricInfo(
        id=f"alignment/{name}", axis=Axis.ALIGNMENT, bounds=(0.0, 1.0),
        higher_is_better=True, summary=summary, source=_SOURCE, weights=(KEY,),
    )  # fmt: skip


class ObjectClass(_Objects):
    """Share of 16 frames on which the object of the prompt is found.

    Formula:
        frames with a box of the object at 0.2 or above / frames looked at

    Preprocessing:
        The middle frame of each of 16 equal parts of the clip (all frames of a shorter one), uint8 RGB.

    Traps:
        Not validated with real weights. Prompts read "a OBJECT".

    Cost: one pass of OWLv2 a frame, at most 16.
    """

    info: ClassVar[MetricInfo] = _info("object_class", "Share of frames that show the prompt's object.")

    def read(self, sample: SampleInfo) -> None:
        self._object = asked.one_object(sample)

    def holds(self, frame: Frames, found: Detector) -> float:
        return float(found.best(frame, [self._object])[0] is not None)


class MultipleObjects(_Objects):
    """Share of 16 frames on which both objects of the prompt are found.

    Formula:
        frames with a box of each object at 0.2 or above / frames looked at

    Preprocessing:
        The middle frame of each of 16 equal parts of the clip (all frames of a shorter one), uint8 RGB.

    Traps:
        Not validated with real weights. Prompts read "a OBJECT and a OBJECT".

    Cost: one pass of OWLv2 a frame, at most 16.
    """

    info: ClassVar[MetricInfo] = _info("multiple_objects", "Share of frames that show both objects.")

    def read(self, sample: SampleInfo) -> None:
        self._objects = asked.two_objects(sample)

    def holds(self, frame: Frames, found: Detector) -> float:
        return float(all(box is not None for box in found.best(frame, self._objects)))


class ObjectColour(_Objects):
    """Share of 16 frames on which the object is found and looks most like the colour of the prompt.

    Formula:
        frames on which, of "COLOUR OBJECT" for nine colours, the prompt's has the surest box / frames
        looked at

    Preprocessing:
        The middle frame of each of 16 equal parts of the clip (all frames of a shorter one), uint8 RGB.

    Traps:
        Not validated with real weights. A frame without the object counts as 0; the published tool leaves
        such frames out, and videos in which the object never appears altogether.

    Cost: one pass of OWLv2 a frame, at most 16.
    """

    info: ClassVar[MetricInfo] = _info("object_colour", "Share of frames that show the object in its colour.")

    def read(self, sample: SampleInfo) -> None:
        self._colour, self._object = asked.coloured_object(sample)

    def holds(self, frame: Frames, found: Detector) -> float:
        boxes = found.best(frame, [f"{colour} {self._object}" for colour in asked.COLOURS])
        scores = [0.0 if box is None else box.score for box in boxes]
        own = scores[asked.COLOURS.index(self._colour)]
        return float(own > 0 and own == max(scores))


class ObjectPlaces(_Objects):
    """Share of 16 frames on which the first object stands where the prompt says.

    Formula:
        frames on which both are found and the centres differ mainly in the direction asked for, with the
        sign asked for / frames looked at

    Preprocessing:
        The middle frame of each of 16 equal parts of the clip (all frames of a shorter one), uint8 RGB.

    Traps:
        Not validated with real weights. The published tool ignores the sign: left and right are one to it.

    Cost: one pass of OWLv2 a frame, at most 16.
    """

    info: ClassVar[MetricInfo] = _info("object_places", "Share of frames with the objects placed as asked.")

    def read(self, sample: SampleInfo) -> None:
        self._placed = asked.placed_objects(sample)

    def holds(self, frame: Frames, found: Detector) -> float:
        first, second = found.best(frame, [self._placed.first, self._placed.second])
        return float(first is not None and second is not None and stands(first, self._placed.place, second))


def stands(first: Box, place: asked.Place, second: Box) -> bool:
    """Whether one box is left of, right of, above or below another, by their centres."""
    across, down = (a - b for a, b in zip(first.centre, second.centre, strict=True))
    match place:
        case asked.Place.LEFT:
            return -across > abs(down)
        case asked.Place.RIGHT:
            return across > abs(down)
        case asked.Place.TOP:
            return -down > abs(across)
        case asked.Place.BOTTOM:
            return down > abs(across)
