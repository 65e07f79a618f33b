"""How far a control clip is kept: the same signal, taken from the result, against the one that was given."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np

from vbench_lite.arrays import Bools, Ints
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, ClipMetric, Features, Frames, MetricInfo, SampleInfo
from vbench_lite.video.control_signals import control_signal, hole

_NEAR = np.ones((3, 3), np.uint8)  # an edge that is a pixel off is kept
_WHITE = 128


class _Kept(ClipMetric):
    """Frame by frame beside the control clip."""

    kinds: ClassVar[tuple[str, ...]]

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        given, kind = sample.control_clip, sample.control_kind
        if given is None or kind is None:
            raise NotApplicable("no control clip was given")
        if kind not in self.kinds:
            raise NotApplicable(f"the control clip shows {kind}; this is of {' and '.join(self.kinds)}")
        if given.shape[1:3] != (clip.height, clip.width):
            height, width = given.shape[1:3]
            raise NotApplicable(f"the clip is {clip.width}x{clip.height} and its control {width}x{height}")
        self._given, self._kind, self._count = given, kind, 0
        self._begin()

    def push(self, frames: Frames, indices: Ints) -> None:
        for frame in frames:
            if self._count < len(self._given):
                self._take(control_signal(self._kind, frame[None])[0], self._given[self._count])
            self._count += 1

    @abstractmethod
    def _begin(self) -> None:
        """Forget the last clip."""

    @abstractmethod
    def _take(self, found: Frames, given: Frames) -> None:
        """The signal of a frame, and what was given for it, uint8 (H, W, 3)."""


class EdgesKept(_Kept):
    """How far the edges that were given are the edges of the clip, over all frames.

    Formula: 2 P R / (P + R); P is the share of the clip's edge pixels with a given one within a pixel, R the
        share of given ones with one of the clip within a pixel. 0 where the clip has none.
    Preprocessing: Canny edges of grey, thresholds 100 and 200, as the control clip was made.
    Traps: a clip of dense texture, or noise, has an edge near every given one, so that R is 1: it is P that
        tells. Edges of one's own, found by another detector, never agree fully.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="control/edges_kept",
        axis=Axis.CONTROL,
        bounds=(0.0, 1.0),
        higher_is_better=True,
        summary="How far the edges of the control clip are those of the result; 1 where they are the same.",
        source="F-measure of boundaries (Martin et al. 2004), tolerance of one pixel, on Canny edges",
    )
    kinds = ("edges",)

    def _begin(self) -> None:
        self._found = self._given_edges = self._found_near = self._given_near = 0

    def _take(self, found: Frames, given: Frames) -> None:
        ours, theirs = found[..., 0] >= _WHITE, given.mean(axis=2) >= _WHITE
        self._found += int(ours.sum())
        self._given_edges += int(theirs.sum())
        self._found_near += int((ours & _widened(theirs)).sum())
        self._given_near += int((theirs & _widened(ours)).sum())

    def finish(self, features: Mapping[str, Features]) -> float:
        if self._given_edges == 0:
            raise NotApplicable("the control clip has no edge")
        if self._found == 0:
            return 0.0
        precision, recall = self._found_near / self._found, self._given_near / self._given_edges
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


class PixelsKept(_Kept):
    """How much of what a blurred clip, or one with a hole, shows is in the result, over all frames.

    Formula: max(0, 1 - sum (found - given)^2 / sum (given - mean of given)^2); of a clip with a hole, over
        the pixels outside it.
    Preprocessing: the result is blurred, or cut, as the control clip was.
    Traps: what is painted into the hole is not looked at here. A clip whose control hardly varies has a value
        near 0 for small differences.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="control/pixels_kept",
        axis=Axis.CONTROL,
        bounds=(0.0, 1.0),
        higher_is_better=True,
        summary="Share of the variance of a blurred or partly masked control clip that the result explains.",
        source="coefficient of determination, held within [0, 1]",
    )
    kinds = ("blur", "mask")

    def _begin(self) -> None:
        self._error = self._sum = self._squares = 0.0
        self._pixels = 0

    def _take(self, found: Frames, given: Frames) -> None:
        ours, theirs = found.astype(np.float64), given.astype(np.float64)
        if self._kind == "mask":
            seen = np.ones(given.shape[:2], bool)
            seen[hole(*given.shape[:2])] = False
            ours, theirs = ours[seen], theirs[seen]
        self._error += float(((ours - theirs) ** 2).sum())
        self._sum += float(theirs.sum())
        self._squares += float((theirs**2).sum())
        self._pixels += theirs.size

    def finish(self, features: Mapping[str, Features]) -> float:
        spread = self._squares - self._sum**2 / self._pixels
        if spread < self._pixels:  # below one level squared there is nothing to explain
            raise NotApplicable("the control clip shows one colour")
        return max(0.0, 1 - self._error / spread)


def _widened(edges: Bools) -> Bools:
    return np.asarray(cv2.dilate(edges.astype(np.uint8), _NEAR), bool)
