"""How long a clip stands still."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Ints
from vbench_lite.clip import ClipInfo
from vbench_lite.metric import Axis, ClipMetric, Features, Frames, MetricInfo, SampleInfo
from vbench_lite.suites.frames.sameness import Images, reduce, same


class LongestFreeze(ClipMetric):
    """Seconds of the longest run of frames that all repeat the one before, or of one frame that is held.

    Formula: seconds for which the longest run of equal frames is on show, less one usual frame (the median).
        The last frame counts for one usual frame at most: how long it is held says nothing of motion.
    Preprocessing: frames are the same if the mean absolute difference is at most one level in every 8x8
        block, short side reduced to 64.
    Traps: a shot of something that really stands still scores as a freeze; read it beside motion amount.
        A slow creep of less than a level a frame is a freeze too.
    Cost: one reduction and one subtraction a frame.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="horizon/longest_freeze_s",
        version=2,
        axis=Axis.HORIZON,
        unit="s",
        bounds=(0.0, None),
        higher_is_better=False,
        summary="Seconds of the longest stretch in which no frame differs from the one before.",
        source="vbench_lite: block differences of neighbouring frames (definition)",
        min_frames=2,
        made_for=("freeze", "stutter"),
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        clip.edges(0)  # a clip without a rate has no seconds
        self._clip = clip
        self._last: Images | None = None
        self._repeats: list[bool] = []

    def push(self, frames: Frames, indices: Ints) -> None:
        for frame in frames:
            small = reduce(frame)
            self._repeats.append(self._last is not None and same(small, self._last))
            self._last = small

    def finish(self, features: Mapping[str, Features]) -> float:
        edges, step = self._clip.edges(len(self._repeats)), self._clip.step or 0.0
        begins = np.flatnonzero(~np.array(self._repeats))
        end = min(edges[-1], edges[-2] + step)
        longest = float(np.diff(np.append(edges[begins], end)).max())
        return max(0.0, longest - step)
