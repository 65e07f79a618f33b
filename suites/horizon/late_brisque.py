"""What picture quality is left at the end of a clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Ints
from vbench_lite.clip import ClipInfo
from vbench_lite.metric import Axis, Features, Frames, MetricInfo, SampleInfo
from vbench_lite.suites.frames.brisque import Brisque

PART = 4  # the last quarter, at least one frame


class LateBrisque(Brisque):
    """`frames/brisque` over the last quarter of the frames: what is left once errors have added up.

    Traps: a clip that is bad from its first frame is bad at its end too: read it beside `frames/brisque`.
    """

    info: ClassVar[MetricInfo] = replace(
        Brisque.info,
        id="horizon/late_brisque",
        axis=Axis.HORIZON,
        summary="BRISQUE of the last quarter of the frames; 0 is pristine.",
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        super().start(clip, sample)
        self._values: list[float] = []

    def push(self, frames: Frames, indices: Ints) -> None:
        self._values += self.frames(frames).tolist()

    def finish(self, features: Mapping[str, Features]) -> float:
        return float(np.mean(self._values[-max(1, len(self._values) // PART) :]))
