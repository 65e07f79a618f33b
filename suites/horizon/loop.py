"""Does a clip come back to what it showed before?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from vbench_lite.arrays import Ints
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, ClipMetric, Features, Frames, MetricInfo, SampleInfo, Scored

LAG_S = 1.0  # frames nearer than this resemble each other in any video
GRID = 16  # cells in each direction; a frame is its mean colours in them
SAME_LEVELS = 1.0  # a frame is back if no cell is farther from the earlier frame
MOVED_LEVELS = 4.0  # and some cell had gone this far in between
_ROUNDING = 1e-6  # seconds
HISTORY = 1024  # frames that are looked back at most: memory and time stay bounded

Grids = npt.NDArray[np.float32]


class LoopShare(ClipMetric):
    """Share of the time in which the clip shows again what it had shown and left, a second or more before.

    Formula: of the time of frames with a past of at least a second: that of those whose nearest earlier
        frame (largest difference of a cell of a 16x16 grid) is within one level, although some frame
        between the two is four levels away. The series is the distance to the nearest earlier frame, in
        levels.
    Preprocessing: mean colour in the cells of a 16x16 grid, by area.
    Traps: it is a description. A pendulum loops, and so does every shape that bounces between two walls:
        compare with `real`. Only the last 1,024 frames are looked back at.
    Cost: 768 numbers a frame are kept; time grows with the square of the length up to 1,024 frames.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="horizon/loop_share",
        version=2,
        axis=Axis.HORIZON,
        bounds=(0.0, 1.0),
        higher_is_better=None,
        summary="Share of frames that show again what the clip had left; 1 is a loop, 0 always moves on.",
        source="vbench_lite: nearest earlier frame (definition)",
        min_frames=3,
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        clip.edges(0)  # a clip without a rate has no seconds
        self._clip = clip
        self._grids: list[Grids] = []
        self._count = 0
        self._nearest: list[float] = []
        self._back: list[bool] = []
        self._places: list[int] = []

    def push(self, frames: Frames, indices: Ints) -> None:
        edges = self._clip.edges(self._count + len(frames))
        for frame in frames:
            # Frames a second or more before this one, and never the one before: it resembles any frame.
            past = int(np.searchsorted(edges[:-1], edges[self._count] - LAG_S + _ROUNDING, side="right"))
            self._take(_grid(frame), min(past, self._count - 1))

    def finish(self, features: Mapping[str, Features]) -> Scored:
        if not self._nearest:
            raise NotApplicable(f"the clip has no frame with a past of {LAG_S:g} s")
        edges = self._clip.edges(self._count)
        series = tuple(zip(edges[self._places].tolist(), self._nearest, strict=True))
        shown = np.diff(edges)[self._places]
        if not shown.any():
            raise NotApplicable("no time passes between the clip's frames")
        return Scored(float(shown @ np.array(self._back) / shown.sum()), series)

    def _take(self, grid: Grids, past: int) -> None:
        """Take the next frame, before which `past` frames lie a second or more."""
        past -= self._count - len(self._grids)  # those that are still held
        if past > 0:
            distances = np.abs(np.stack(self._grids) - grid).max(axis=1)
            earlier = distances[:past]
            nearest = int(earlier.argmin())
            self._places.append(self._count)
            self._nearest.append(float(earlier[nearest]))
            gone = float(distances[nearest:].max())
            self._back.append(bool(earlier[nearest] <= SAME_LEVELS and gone >= MOVED_LEVELS))
        self._count += 1
        self._grids.append(grid)
        del self._grids[:-HISTORY]


def _grid(frame: Frames) -> Grids:
    small = cv2.resize(frame.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).ravel()
