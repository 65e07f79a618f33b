"""How much fine detail of the reference is still there."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np

from vbench_lite.arrays import Floats32, Ints
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, Frames, MetricInfo, PairMetric, SampleInfo
from vbench_lite.suites.reconstruction.sizes import check_sizes

LEAST_ENERGY = 1e-4  # levels squared in the mean, below which there is only rounding
SIGMA_PX = 1.0  # what a Gaussian of this width removes is fine detail


class HighFrequencyKept(PairMetric):
    """Share of the reference's high-frequency energy that the clip reproduces at its place.

    A codec that blurs keeps less than 1; one that invents texture gains nothing by it, because only what
    goes along with the reference counts.

    Formula: sum(h g) / sum(h^2) over all frames, pixels and channels, h and g the reference and the clip
        less themselves smoothed (Gaussian, sigma 1 pixel).
    Traps: a shift by a pixel loses fine detail as well. Clips without any detail have no value.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="reconstruction/high_frequency_kept",
        axis=Axis.QUALITY,
        bounds=(None, None),
        higher_is_better=True,
        summary="Share of the reference's fine detail that is there again; 1 is all of it.",
        source="vbench_lite: regression of high-pass residues (definition)",
    )

    def start(self, clip: ClipInfo, reference: ClipInfo, sample: SampleInfo) -> None:
        check_sizes(clip, reference)
        self._both = self._own = 0.0
        self._count = 0

    def push(self, frames: Frames, reference: Frames, indices: Ints) -> None:
        for frame, target in zip(frames, reference, strict=True):
            clip_detail, detail = _detail(frame), _detail(target)
            self._both += float((clip_detail * detail).sum(dtype=np.float64))
            self._own += float((detail**2).sum(dtype=np.float64))
            self._count += detail.size

    def finish(self) -> float:
        if self._own < LEAST_ENERGY * self._count:
            raise NotApplicable("the reference has no fine detail")
        return self._both / self._own


def _detail(frame: Frames) -> Floats32:
    image = frame.astype(np.float32)
    return image - np.asarray(cv2.GaussianBlur(image, (0, 0), SIGMA_PX), np.float32)
