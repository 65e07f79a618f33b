"""How much moves in a clip, where a change of the picture says that something does."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np

from vbench_lite.arrays import Floats32
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, MetricInfo, SampleInfo
from vbench_lite.suites.coherence.motion_amount import FlowMetric, Grey

_WINDOW = (5, 5)  # over which differences are averaged
_LEAST_CHANGE = 2.0  # levels; smaller ones are noise of the camera and of compression
_LEFT = 0.5  # of the change may be left after following the motion


class MotionExplained(FlowMetric):
    """Mean length of the optical flow, counted only where following it accounts for the picture's change.

    A flow is smooth, so it spreads from a moving thing over a plain background, and it finds motion in
    noise, flicker and cuts. Here a pixel moves if the picture changed around it and following the flow takes
    at least half of that change away. A still clip and white noise have none.

    Formula: mean over pairs of neighbours and pixels of |f| [d0 > 2 levels and d1 < d0 / 2], over the short
        side, times the frame rate; d0, d1: mean absolute grey difference in 5x5, before and after
        following f.
    Preprocessing: DIS flow (medium preset) on grey frames with a short side of 128..256 pixels.
    Traps: the inside of a plain thing does not change, so it does not count. Frames in disorder move more
        than in order. A description: more is not better.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="coherence/motion_explained",
        axis=Axis.COHERENCE,
        unit="sides/s",
        bounds=(0.0, None),
        higher_is_better=None,
        summary="Mean optical flow where it accounts for the picture's change, in short sides a second.",
        source="DIS optical flow (Kroeger et al., ECCV 2016) by OpenCV, checked by its own residual",
        min_frames=2,
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        super().start(clip, sample)
        if clip.fps is None:
            raise NotApplicable("the clip's frame rate is unknown")
        self._fps = clip.fps

    def of_flow(self, flow: Floats32, first: Grey, second: Grey) -> float:
        """Its mean length where it counts, in short sides a second."""
        rows, columns = np.indices(first.shape, dtype=np.float32)
        followed = cv2.remap(
            second, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        before, after = _apart(first, second), _apart(first, np.asarray(followed, np.uint8))
        moves = (before > _LEAST_CHANGE) & (after < _LEFT * before)
        lengths = np.hypot(flow[..., 0], flow[..., 1])
        return float((lengths * moves).mean(dtype=np.float64)) * self._fps / int(min(first.shape))


def _apart(first: Grey, second: Grey) -> Floats32:
    """Mean absolute difference around each pixel, float32 (H, W), in levels."""
    return np.asarray(cv2.blur(cv2.absdiff(first, second).astype(np.float32), _WINDOW), np.float32)
