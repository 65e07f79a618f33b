"""How long a clip stands still."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, ClipMetric, Features, Frames, MetricInfo, SampleInfo
from vbench_lite.suites.frames.sameness import Images, reduce, same


class LongestFreeze(ClipMetric):
    """Seconds of the longest run of frames that all repeat the one before.

    Formula: steps of the longest run, divided by the frame rate.
    Preprocessing: frames are the same if the mean absolute difference is at most one level in every 8x8
        block, short side reduced to 64.
    Traps: a shot of something that really stands still scores as a freeze; read it beside motion amount.
        A slow creep of less than a level a frame is a freeze too.
    Cost: one reduction and one subtraction a frame.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="horizon/longest_freeze_s",
        version=1,
        axis=Axis.HORIZON,
        unit="s",
        bounds=(0.0, None),
        higher_is_better=False,
        summary="Seconds of the longest stretch in which no frame differs from the one before.",
        source="vbench_lite: block differences of neighbouring frames (definition)",
        min_frames=2,
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        if clip.fps is None:
            raise NotApplicable("the clip's frame rate is unknown")
        self._fps = clip.fps
        self._last: Images | None = None
        self._run = self._longest = 0

    def push(self, frames: Frames, indices: npt.NDArray[np.int64]) -> None:
        for frame in frames:
            small = reduce(frame)
            repeats = self._last is not None and same(small, self._last)
            self._run = self._run + 1 if repeats else 0
            self._longest = max(self._longest, self._run)
            self._last = small

    def finish(self, features: Mapping[str, Features]) -> float:
        return self._longest / self._fps
