"""Does a clip come back to what it showed before?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, ClipMetric, Features, Frames, MetricInfo, SampleInfo, Scored

LAG_S = 1.0  # frames nearer than this resemble each other in any video
GRID = 16  # cells in each direction; a frame is its mean colours in them
SAME_LEVELS = 1.0  # a frame is back if no cell is farther from the earlier frame
MOVED_LEVELS = 4.0  # and some cell had gone this far in between
HISTORY = 1024  # frames that are looked back at most: memory and time stay bounded

Grids = npt.NDArray[np.float32]


class LoopShare(ClipMetric):
    """Share of frames that show again what the clip had shown and left, a second or more before.

    Formula: of the frames with a past of at least a second: those whose nearest earlier frame (largest
        difference of a cell of a 16x16 grid) is within one level, although some frame between the two
        is four levels away. The series is the distance to the nearest earlier frame in levels.
    Preprocessing: mean colour in the cells of a 16x16 grid, by area.
    Traps: it is a description. A pendulum loops, and so does every shape that bounces between two walls:
        compare with `real`. Only the last 1,024 frames are looked back at.
    Cost: 768 numbers a frame are kept; time grows with the square of the length up to 1,024 frames.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="horizon/loop_share",
        version=1,
        axis=Axis.HORIZON,
        unit="",
        bounds=(0.0, 1.0),
        higher_is_better=None,
        summary="Share of frames that show again what the clip had left; 1 is a loop, 0 always moves on.",
        source="vbench_lite: nearest earlier frame (definition)",
        min_frames=3,
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        if clip.fps is None:
            raise NotApplicable("the clip's frame rate is unknown")
        self._fps = clip.fps
        self._lag = max(2, round(LAG_S * clip.fps))
        self._grids: list[Grids] = []
        self._nearest: list[float] = []
        self._back = 0

    def push(self, frames: Frames, indices: npt.NDArray[np.int64]) -> None:
        for frame in frames:
            self._take(_grid(frame))

    def finish(self, features: Mapping[str, Features]) -> Scored:
        if not self._nearest:
            raise NotApplicable(f"the clip has no frame with a past of {LAG_S:g} s")
        times = (self._lag + np.arange(len(self._nearest))) / self._fps
        series = tuple(zip(times.tolist(), self._nearest, strict=True))
        return Scored(self._back / len(self._nearest), series)

    def _take(self, grid: Grids) -> None:
        if len(self._grids) >= self._lag:
            distances = np.abs(np.stack(self._grids) - grid).max(axis=1)
            earlier = distances[: len(distances) - self._lag + 1]
            nearest = int(earlier.argmin())
            self._nearest.append(float(earlier[nearest]))
            gone = float(distances[nearest:].max())
            self._back += bool(earlier[nearest] <= SAME_LEVELS and gone >= MOVED_LEVELS)
        self._grids.append(grid)
        del self._grids[:-HISTORY]


def _grid(frame: Frames) -> Grids:
    small = cv2.resize(frame.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).ravel()
