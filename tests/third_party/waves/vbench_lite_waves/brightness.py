"""A metric in fifteen lines: the mean of all pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vbench_lite.metric import Axis, FrameMetric, Frames, MetricInfo


class Brightness(FrameMetric):
    """Mean pixel value over the clip, in [0, 1]."""

    info = MetricInfo(
        id="waves/brightness",
        version=1,
        axis=Axis.QUALITY,
        unit="",
        bounds=(0.0, 1.0),
        higher_is_better=True,
        summary="Mean of all pixels, 0 black and 1 white.",
        source="this package",
    )

    def frames(self, frames: Frames) -> npt.NDArray[np.float64]:
        """Mean of each frame, float64 (N,)."""
        means: npt.NDArray[np.float64] = frames.mean(axis=(1, 2, 3), dtype=np.float64) / 255
        return means
