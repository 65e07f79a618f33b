"""Do points move smoothly? The jerk of tracked points against their speed."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, ClipMetric, Features, Frames, MetricInfo, SampleInfo
from vbench_lite.suites.coherence.motion_amount import grey_frame

POINTS = 64  # corners that are followed from each frame
SPAN = 4  # frames: the third difference of positions needs four
RETURN_PX = 1.0  # a point that is followed back must end this near to where it was
LEAST_SPEED = 0.25  # pixels a frame at a short side of 128..256, below which a point stands still


class PointJerk(ClipMetric):
    """Third difference of the path of tracked points, relative to how fast they move.

    0 for points at constant velocity or under constant acceleration; shaking and jumping points come
    near 1 and above. A point that stands still says nothing and is left out, so a frozen clip has no
    value: smoothness without motion is nothing to be proud of.

    Formula: over all runs of four frames, sum of |p3 - 3 p2 + 3 p1 - p0| divided by the sum of
        (|p1 - p0| + |p2 - p1| + |p3 - p2|) / 3, over points that move at least 0.25 pixels a frame.
    Preprocessing: grey, short side brought into 128..256 pixels; up to 64 corners (Shi and Tomasi) in
        the first frame of each run, followed by pyramidal Lucas-Kanade, kept if following them back from
        the second frame to the first ends within a pixel.
    Traps: points that cannot be followed are left out, so the worst jumps may not count: read it beside
        continuity. Slow video at a high frame rate is smoother for the same path: compare equal rates.
    Cost: corners and four flows of 64 points for every third frame.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="coherence/point_jerk",
        version=1,
        axis=Axis.COHERENCE,
        unit="",
        bounds=(0.0, 8.0),
        higher_is_better=False,
        summary="How jerkily tracked points move, relative to their speed; 0 is perfectly smooth.",
        source="third difference of Lucas-Kanade tracks (Bouguet 2000, by OpenCV) over mean step length",
        min_frames=SPAN,
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self._recent: deque[npt.NDArray[np.uint8]] = deque(maxlen=SPAN)
        self._jerk = self._speed = 0.0

    def push(self, frames: Frames, indices: npt.NDArray[np.int64]) -> None:
        for frame in frames:
            self._recent.append(grey_frame(frame))
            if len(self._recent) == SPAN:
                self._measure()
                self._recent = deque([self._recent[-1]], maxlen=SPAN)  # runs share their end frames

    def finish(self, features: Mapping[str, Features]) -> float:
        if self._speed == 0.0:
            raise NotApplicable("no point could be followed that moves over four frames")
        return self._jerk / self._speed

    def _measure(self) -> None:
        """Add the run of four frames that is held."""
        # OpenCV gives None for a frame without corners, which its annotations leave out.
        corners: npt.NDArray[np.float32] | None
        corners = cv2.goodFeaturesToTrack(self._recent[0], POINTS, 0.05, 5)  # type: ignore[assignment]
        if corners is None:
            return
        path = [np.asarray(corners, np.float32)]
        kept = np.ones(len(path[0]), np.bool_)
        for first, second in itertools.pairwise(self._recent):
            moved, found = _follow(first, second, path[-1])
            back, returned = _follow(second, first, moved)
            kept &= found & returned & (np.linalg.norm(back - path[-1], axis=2).ravel() <= RETURN_PX)
            path.append(moved)
        points = np.stack(path)[:, kept, 0].astype(np.float64)
        speed = np.linalg.norm(np.diff(points, axis=0), axis=2).mean(axis=0)
        jerk = np.linalg.norm(np.diff(points, n=3, axis=0)[0], axis=1)
        moving = speed >= LEAST_SPEED
        self._jerk += float(jerk[moving].sum())
        self._speed += float(speed[moving].sum())


def _follow(
    first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8], points: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Places of points, float32 (N, 1, 2), in the second frame, and whether each was found."""
    start = np.zeros_like(points)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(first, second, points, start, winSize=(15, 15), maxLevel=3)
    return np.asarray(moved, np.float32), np.asarray(found).ravel().astype(np.bool_)
