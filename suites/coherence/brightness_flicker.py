"""Does the picture pulse?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Ints
from vbench_lite.clip import ClipInfo
from vbench_lite.metric import Axis, ClipMetric, Features, Frames, MetricInfo, SampleInfo
from vbench_lite.suites.frame_means import frame_means


class BrightnessFlicker(ClipMetric):
    """How much the mean level of the picture goes up and down from frame to frame.

    A steady fade scores 0, unlike a difference of neighbours, and motion that leaves the mean alone
    does not count.

    Formula: mean over frames but the first and the last of |L - l|, L the mean of all pixels and channels
        / 255, l what the frames before and after foretell for its time: of even frames the mean of the two.
    Traps: a frozen clip scores 0; read it beside motion amount. Lightning flickers rightly.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="coherence/brightness_flicker",
        version=2,
        axis=Axis.COHERENCE,
        bounds=(0.0, 1.0),
        higher_is_better=False,
        summary="How much the mean level jumps up and down between frames; 0 is steady or a steady fade.",
        source="mean absolute difference from the line between the frames before and after (definition)",
        min_frames=3,
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        self._clip = clip
        self._levels: list[float] = []

    def push(self, frames: Frames, indices: Ints) -> None:
        self._levels += (frame_means(frames) / 255).tolist()

    def finish(self, features: Mapping[str, Features]) -> float:
        steps = np.diff(self._levels)
        if self._clip.times is None:
            return float(np.abs(np.diff(steps)).mean() / 2)
        gaps = np.diff(self._clip.edges(len(self._levels)))[:-1]
        both = gaps[:-1] + gaps[1:]
        part = np.divide(gaps[:-1], both, out=np.full_like(both, 0.5), where=both > 0)
        return float(np.abs(steps[:-1] - part * (steps[:-1] + steps[1:])).mean())
