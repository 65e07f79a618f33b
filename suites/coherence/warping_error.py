"""How much a frame differs from the one before it, moved to where the optical flow says it went."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from vbench_lite.arrays import Bools, Floats, Floats32
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, Features, Frames, MetricInfo, NeighbourMetric, SampleInfo

SHORT_SIDE = 256  # larger frames are reduced to it by area; DIS needs at least 16
LEAST_SIDE = 16
_LEAST_CONTRAST = 1.0  # levels; below it a frame is flat and there is nothing to be coherent
Flow = npt.NDArray[np.float32]  # (H, W, 2), pixels to the right and down


class WarpingError(NeighbourMetric):
    """Mean over neighbours of the absolute difference after warping, on visible pixels, over the contrast.

    Formula:
        mean |I_t(p) - I_t+1(p + f(p))| over visible p and channels, divided by the standard deviation of I_t
        and I_t+1; f: DIS flow (medium preset). A pixel is visible if it stays inside the frame and flow there
        and back cancels: |f + b|^2 < 0.01 (|f|^2 + |b|^2) + 0.5.

    Traps:
        A frozen clip has no error: read it beside `coherence/motion_amount`. Pairs whose frames are flat, or
        of which less than a tenth is visible (a cut), are left out.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="coherence/warping_error",
        version=2,
        axis=Axis.COHERENCE,
        bounds=(0.0, None),
        higher_is_better=False,
        summary="Difference of neighbouring frames after motion compensation, over the contrast; 0 if still.",
        source="Lai et al., Learning blind video temporal consistency (ECCV 2018), equation 8; occlusion as "
        "in Sundaram et al. (ECCV 2010); DIS flow by OpenCV",
        min_frames=2,
    )

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        super().start(clip, sample)
        if min(clip.height, clip.width) < LEAST_SIDE:
            raise NotApplicable(
                f"frames of {clip.width}x{clip.height}: flow needs {LEAST_SIDE} pixels a side"
            )

    def pairs(self, frames: Frames) -> Floats:
        """Return the error of each pair of neighbours that has one."""
        small = [_reduced(frame) for frame in frames]
        values = [self._error(first, second) for first, second in itertools.pairwise(small)]
        return np.array([value for value in values if value is not None])

    def finish(self, features: Mapping[str, Features]) -> float:
        if self._count == 0:
            raise NotApplicable(
                "no two neighbouring frames have contrast and a tenth of the picture in common"
            )
        return self._sum / self._count

    def _error(self, first: Frames, second: Frames) -> float | None:
        if max(float(frame.std(dtype=np.float64)) for frame in (first, second)) < _LEAST_CONTRAST:
            return None
        contrast = float(np.stack([first, second]).std(dtype=np.float64))
        if np.array_equal(first, second):
            return 0.0
        grey = [np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8) for frame in (first, second)]
        forward, backward = self._between(grey[0], grey[1]), self._between(grey[1], grey[0])
        seen = visible(forward, backward)
        if seen.mean() < 0.1:
            return None
        moved = _sampled(second.astype(np.float32), forward)
        difference = np.abs(moved - first.astype(np.float32)).mean(axis=2)
        return float(difference[seen].mean(dtype=np.float64)) / contrast

    def _between(self, first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> Flow:
        start = np.zeros((*first.shape, 2), np.float32)  # without it, DIS goes on from the last pair
        return np.asarray(self._flow.calc(first, second, start), np.float32)


def visible(forward: Flow, backward: Flow) -> Bools:
    """Pixels, bool (H, W), that are in both frames: inside the other, and flow there and back cancels."""
    height, width = forward.shape[:2]
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    x, y = columns + forward[..., 0], rows + forward[..., 1]
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    back = _sampled(backward, forward)
    gap = ((forward + back) ** 2).sum(axis=2)
    size = (forward**2).sum(axis=2) + (back**2).sum(axis=2)
    return np.asarray(inside & (gap < 0.01 * size + 0.5), np.bool_)


def _sampled(image: Floats32, flow: Flow) -> Floats32:
    """`image` read at each pixel's place plus its flow, bilinear."""
    height, width = flow.shape[:2]
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    x, y = columns + flow[..., 0], rows + flow[..., 1]
    return np.asarray(cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _reduced(frame: Frames) -> Frames:
    height, width = frame.shape[:2]
    short = min(height, width)
    if short <= SHORT_SIDE:
        return np.ascontiguousarray(frame)
    ratio = SHORT_SIDE / short
    size = (round(width * ratio), round(height * ratio))
    return np.asarray(cv2.resize(np.ascontiguousarray(frame), size, interpolation=cv2.INTER_AREA), np.uint8)
