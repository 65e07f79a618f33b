"""Structural similarity of a clip to its reference."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.arrays import Ints
from vbench_lite.metric import Axis, Frames, MetricInfo
from vbench_lite.suites.reconstruction.sizes import FramePairs

WINDOW = 11  # pixels; Gaussian, sigma 1.5
BORDER = WINDOW // 2  # pixels whose window would leave the frame


class Ssim(FramePairs):
    """Mean over frames of SSIM: 11x11 Gaussian window, sigma 1.5, per channel, data range 1 (levels / 255).

    All zeros against all ones gives C1 / (1 + C1) = 9.999e-05. Source: Wang et al., Image quality
    assessment: from error visibility to structural similarity (TIP 2004), by torchmetrics.

    Formula: (2 m_x m_y + C1)(2 s_xy + C2) / ((m_x^2 + m_y^2 + C1)(s_x^2 + s_y^2 + C2)), C1 = 0.01^2, C2
        = 0.03^2, in 11x11 Gaussian windows; mean over the windows that lie wholly in the frame, channels
        and frames, as the authors, scikit-image and piq take it.
    Traps: even areas score near 1, so a small thing on black hardly moves it.
    """

    least: ClassVar[int] = WINDOW
    info: ClassVar[MetricInfo] = MetricInfo(
        id="reconstruction/ssim",
        version=2,
        axis=Axis.QUALITY,
        bounds=(-1.0, 1.0),
        higher_is_better=True,
        summary="Structural similarity to the reference clip; 1 where frames are equal.",
        source="Wang et al. (TIP 2004) by torchmetrics: 11x11, sigma 1.5, per channel, data range 1",
    )

    def push(self, frames: Frames, reference: Frames, indices: Ints) -> None:
        import torch
        from torchmetrics.functional.image import structural_similarity_index_measure as ssim

        # Single precision: twenty times quicker here than double, and right to a millionth.
        images, targets = (torch.tensor(x).permute(0, 3, 1, 2).float() / 255 for x in (frames, reference))
        _, full = ssim(
            images,
            targets,
            sigma=1.5,
            kernel_size=WINDOW,
            data_range=1.0,
            reduction="none",
            return_full_image=True,
        )
        assert isinstance(full, torch.Tensor)
        values = full[..., BORDER:-BORDER, BORDER:-BORDER].mean(dim=(1, 2, 3))
        self._sum += float(values.clamp(-1.0, 1.0).sum())
        self._count += len(frames)
