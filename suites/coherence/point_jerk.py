"""Do points move smoothly? The jerk of tracked points against their speed."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from vbench_lite.arrays import Bools, Floats32, Ints
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, ClipMetric, Features, Frames, MetricInfo, SampleInfo
from vbench_lite.suites.coherence.motion_amount import grey_frame

POINTS = 64  # corners that are followed from each frame
SPAN = 4  # frames: the third difference of positions needs four
RETURN_PX = 1.0  # a point that is followed back must end this near to where it was
UNEVEN = 0.05  # of the mean step of time, by which steps of a run may differ
LOST = math.sqrt(10)  # j / v of points at independent places: the third difference has 20 variances, a step 2
LEAST_SPEED = 0.25  # pixels a frame at a short side of 128..256, below which a point stands still


class PointJerk(ClipMetric):
    """Third difference of the path of tracked points, relative to how fast they move.

    0 for points at constant velocity or under constant acceleration. Points that jump about at random
    have 3.16 (the root of 10), and so has a point that is lost: it is not where a smooth path would have
    taken it. Points that stand still say nothing and are left out; a frozen clip has 0, so read it beside
    motion amount.

    Formula: mean over runs of four frames and over points of min(j / v, 3.16), j = |p3 - 3 p2 + 3 p1 - p0|,
        v = (|p1 - p0| + |p2 - p1| + |p3 - p2|) / 3, for points with v of at least 0.25 pixels; 3.16 for a
        point that was lost.
    Preprocessing: grey, short side brought into 128..256 pixels; up to 64 corners (Shi and Tomasi) in the
        first frame of each run, not in the outer eighth, followed by pyramidal Lucas-Kanade; a point is
        lost if following it back from a frame to the one before ends more than a pixel off.
    Traps: things that hide others lose points as well: compare with real clips. Slow video at a high frame
        rate is smoother for the same path: compare equal rates. A picture without a corner has no value.
        Runs of frames that are on show for unlike times are left out.
    Cost: corners and six flows of 64 points for every third frame.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="coherence/point_jerk",
        version=2,
        axis=Axis.COHERENCE,
        bounds=(0.0, LOST),
        higher_is_better=False,
        summary="How jerkily tracked points move, relative to their speed; 0 is perfectly smooth.",
        source="third difference of Lucas-Kanade tracks (Bouguet 2000, by OpenCV) over mean step length",
        min_frames=SPAN,
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self._clip = clip
        self._recent: deque[npt.NDArray[np.uint8]] = deque(maxlen=SPAN)
        self._sum, self._count, self._corners = 0.0, 0, 0

    def push(self, frames: Frames, indices: Ints) -> None:
        for frame, index in zip(frames, indices, strict=True):
            self._recent.append(grey_frame(frame))
            if len(self._recent) == SPAN:
                if self._is_even(int(index)):
                    self._measure()
                self._recent = deque([self._recent[-1]], maxlen=SPAN)  # runs share their end frames

    def finish(self, features: Mapping[str, Features]) -> float:
        if self._corners == 0:
            raise NotApplicable("no frame has a corner that could be followed")
        return self._sum / self._count if self._count else 0.0

    def _is_even(self, last: int) -> bool:
        """Whether the run of frames that ends with this one moves in equal steps of time."""
        if self._clip.times is None:
            return True
        gaps = np.diff(self._clip.edges(last + 1)[-SPAN - 1 : -1])
        return bool(gaps.max() - gaps.min() <= UNEVEN * gaps.mean())

    def _measure(self) -> None:
        """Add the run of four frames that is held."""
        inner = np.zeros_like(self._recent[0])
        margin = min(inner.shape) // 8
        inner[margin:-margin, margin:-margin] = 255
        # OpenCV gives None for a frame without corners, which its annotations leave out.
        corners: Floats32 | None
        corners = cv2.goodFeaturesToTrack(self._recent[0], POINTS, 0.05, 5, mask=inner)  # type: ignore[assignment]
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
        lost = int((~kept).sum())
        self._corners += len(kept)
        self._sum += float(np.minimum(jerk[moving] / speed[moving], LOST).sum()) + lost * LOST
        self._count += int(moving.sum()) + lost


def _follow(
    first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8], points: Floats32
) -> tuple[Floats32, Bools]:
    """Places of points, float32 (N, 1, 2), in the second frame, and whether each was found."""
    start = np.zeros_like(points)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(first, second, points, start, winSize=(15, 15), maxLevel=3)
    return np.asarray(moved, np.float32), np.asarray(found).ravel().astype(np.bool_)
