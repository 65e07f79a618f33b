"""Peak signal-to-noise ratio of a clip against its reference."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Ints
from vbench_lite.metric import Axis, Frames, MetricInfo
from vbench_lite.suites.reconstruction.sizes import FramePairs

CAP_DB = 100.0  # of a frame that equals its reference; an 8-bit frame of 32x32 that differs has at most 83 dB


class Psnr(FramePairs):
    """Mean over frames of 10 log10(255^2 / mean squared error), in decibel, over all three channels.

    Equal frames would be infinite; they count as 100 dB. Source: the usual definition; see
    torchmetrics.image.PeakSignalNoiseRatio.

    Formula: mean over frames of min(100, 10 log10(255^2 / MSE)).
    Traps: a blurred picture can have more decibel than a sharp one that is shifted by a pixel: read
        LPIPS beside it.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="reconstruction/psnr",
        axis=Axis.QUALITY,
        unit="dB",
        bounds=(0.0, CAP_DB),
        higher_is_better=True,
        summary="Peak signal-to-noise ratio against the reference clip; 100 dB where frames are equal.",
        source="10 log10(255^2 / MSE) for each frame, capped at 100 dB, mean over frames",
    )

    def push(self, frames: Frames, reference: Frames, indices: Ints) -> None:
        for one, other in zip(frames, reference, strict=True):
            self._sum += frame_psnr(one, other)
            self._count += 1


def frame_psnr(frame: Frames, reference: Frames) -> float:
    """Peak signal-to-noise ratio of one frame, uint8 (H, W, 3), in decibel, at most 100."""
    error = float(((frame.astype(np.float64) - reference) ** 2).mean())
    return CAP_DB if error == 0 else min(CAP_DB, 10 * math.log10(255.0**2 / error))
