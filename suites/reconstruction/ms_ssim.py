"""Structural similarity of a clip to its reference at five scales."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.arrays import Ints
from vbench_lite.metric import Axis, Frames, MetricInfo
from vbench_lite.suites.reconstruction.sizes import FramePairs
from vbench_lite.suites.reconstruction.ssim import WINDOW


class MsSsim(FramePairs):
    """Mean over frames of multi-scale SSIM: five scales, 11x11 Gaussian window, sigma 1.5, data range 1.

    Negative terms count as 0, so the value lies within 0..1.

    Formula:
        mean over frames of ssim_5^0.1333 * product over scales s = 1..4 of cs_s^b_s, with the exponents
        b = 0.0448, 0.2856, 0.3001, 0.2363; cs is the term of contrast and structure of SSIM, and each
        scale halves the one before by means of 2x2 pixels

    Traps:
        Five scales need frames of 161 pixels a side; smaller ones have no value.
        One scale whose structure is inverted makes the frame 0, whatever the other scales say.
    """

    least: ClassVar[int] = (WINDOW - 1) * 2**4 + 1  # the window has to fit after four halvings
    info: ClassVar[MetricInfo] = MetricInfo(
        id="reconstruction/ms_ssim",
        axis=Axis.QUALITY,
        bounds=(0.0, 1.0),
        higher_is_better=True,
        summary="Multi-scale structural similarity to the reference clip; 1 where frames are equal.",
        source="Wang et al., Multiscale structural similarity (2003) by torchmetrics: 5 scales, 11x11, relu",
    )

    def push(self, frames: Frames, reference: Frames, indices: Ints) -> None:
        import torch
        from torchmetrics.functional.image import multiscale_structural_similarity_index_measure as ms_ssim

        for ours, theirs in zip(frames, reference, strict=True):
            image, target = (torch.tensor(x).permute(2, 0, 1)[None].float() / 255 for x in (ours, theirs))
            value = ms_ssim(image, target, sigma=1.5, kernel_size=WINDOW, data_range=1.0, normalize="relu")
            self._sum += float(value.clamp(0.0, 1.0))
        self._count += len(frames)
