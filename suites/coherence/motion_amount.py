"""How much moves in a clip."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from vbench_lite.arrays import Floats, Floats32
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, Features, Frames, MetricInfo, NeighbourMetric, SampleInfo

SHORT_SIDE = (128, 256)  # DIS matches 8x8 patches on a pyramid: smaller frames are enlarged, larger reduced

Grey = npt.NDArray[np.uint8]


class FlowMetric(NeighbourMetric):
    """A mean over pairs of neighbours of a number of their optical flow; 0 where the two are equal."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def pairs(self, frames: Frames) -> Floats:
        grey = [grey_frame(frame) for frame in frames]
        return np.array([self._of_pair(a, b) for a, b in itertools.pairwise(grey)])

    def _of_pair(self, first: Grey, second: Grey) -> float:
        if np.array_equal(first, second):
            return 0.0
        flow = self._flow.calc(first, second, np.zeros((*first.shape, 2), np.float32))
        return self.of_flow(np.asarray(flow), first, second)

    @abstractmethod
    def of_flow(self, flow: Floats32, first: Grey, second: Grey) -> float:
        """Return the number for a flow float32 (H, W, 2) between two grey frames (H, W)."""


class MotionAmount(FlowMetric):
    """Mean length of the optical flow between neighbours, in short sides of the frame a second.

    Flow: DIS (medium preset) on grey frames whose short side is brought into 128..256 pixels, bilinear to
    enlarge and by area to reduce. Divided by the short side and multiplied by the frame rate, the number
    depends neither on resolution nor, for steady motion, on the rate. It is a description: more is not
    better. It keeps frozen clips from winning coherence. Source: Kroeger et al., Fast Optical Flow using
    Dense Inverse Search (ECCV 2016), as in OpenCV.

    Formula: sum over pairs of neighbours of the mean length of the flow over pixels, divided by the short
        side and by the seconds between the first frame and the last.
    Traps: noise and flicker are motion to a flow as well. A moving camera counts as much as a moving
        thing.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="coherence/motion_amount",
        version=2,
        axis=Axis.COHERENCE,
        unit="sides/s",
        bounds=(0.0, None),
        higher_is_better=None,
        summary="Mean optical flow, in short sides of the frame a second; 0 is a still picture.",
        source="DIS optical flow (Kroeger et al., ECCV 2016) by OpenCV, medium preset",
        min_frames=2,
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        super().start(clip, sample)
        clip.edges(0)  # a clip without a rate has no seconds
        self._clip = clip

    def finish(self, features: Mapping[str, Features]) -> float:
        super().finish(features)  # a clip of one frame has no pairs
        seconds = float(self._clip.edges(self._count)[-1])
        if seconds == 0:
            raise NotApplicable("no time passes between the clip's frames")
        return self._sum / seconds

    def of_flow(self, flow: Floats32, first: Grey, second: Grey) -> float:
        """Its mean length, in short sides."""
        lengths = np.hypot(flow[..., 0], flow[..., 1])
        mean = float(lengths.mean(dtype=np.float64))
        return mean / int(min(first.shape))


def grey_frame(frame: Frames) -> Grey:
    """Grey frame, uint8, with its short side in SHORT_SIDE."""
    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY), np.uint8)
    height, width = grey.shape
    short = min(height, width)
    target = min(max(short, SHORT_SIDE[0]), SHORT_SIDE[1])
    if target == short:
        return grey
    ratio = target / short
    size = (max(target, round(width * ratio)), max(target, round(height * ratio)))
    way = cv2.INTER_LINEAR if ratio > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(grey, size, interpolation=way), np.uint8)
