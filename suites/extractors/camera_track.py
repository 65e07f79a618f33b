"""Extractor `camera-track`: how the camera moves from frame to frame, by optical flow."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np

from vbench_lite.clip import Frames
from vbench_lite.extractor import ExtractorInfo, FeatureExtractor, Features
from vbench_lite.suites.coherence.motion_amount import grey_frame

_STEEP = 75  # percentile of the gradient: a plain surface has no flow of its own
_SIDES = 32  # steps are in pixels of a picture with so short a side, as those of the shapes world


class CameraTrack(FeatureExtractor):
    """Movement of the camera between neighbours, (x, y), in pixels of a frame with a short side of 32.

    The opposite of the median flow over the quarter of the pixels where the picture is steepest. Things that
    move by themselves do not change it as long as they are the lesser part.
    """

    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="camera-track",
        dim=2,
        window=2,
        preprocessing="DIS flow (medium preset), grey, short side 128..256; steepest quarter of the pixels",
    )

    def load(self, device: str = "cpu") -> None:
        """Nothing to load: the flow is computed."""
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def extract(self, windows: Frames) -> Features:
        """Return float32 (B, 2) for uint8 (B, 2, H, W, 3)."""
        return np.array([self._movement(*window) for window in windows], np.float32).reshape(-1, 2)

    def _movement(self, before: Frames, after: Frames) -> tuple[float, float]:
        if np.array_equal(before, after):
            return 0.0, 0.0
        first, second = grey_frame(before), grey_frame(after)
        flow = np.asarray(self._flow.calc(first, second, np.zeros((*first.shape, 2), np.float32)))
        steep = np.hypot(cv2.Sobel(first, cv2.CV_32F, 1, 0), cv2.Sobel(first, cv2.CV_32F, 0, 1))
        moved = np.median(flow[steep >= np.percentile(steep, _STEEP)], axis=0) / min(first.shape) * _SIDES
        return -float(moved[0]), -float(moved[1])
