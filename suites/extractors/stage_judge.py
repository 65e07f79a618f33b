"""Extractor `stage-judge`: what the judge of the stage world measures on each frame."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vbench_lite.clip import Frames
from vbench_lite.datasets.stage import judge_frames, motion
from vbench_lite.extractor import ExtractorInfo, FeatureExtractor, Features


class StageJudge(FeatureExtractor):
    """Covers, outlines, places and background of every frame; no network, no weights.

    Read a clip's rows with `vbench_lite.datasets.stage.judge.judge_features`.
    """

    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="stage-judge",
        version=2,
        dim=judge_frames.FEATURE_DIM,
        preprocessing="resize to 48x48, aspect not kept (area to reduce, bilinear to enlarge), uint8 RGB",
    )

    def load(self, device: str = "cpu") -> None:
        """Nothing to load: the templates are computed."""

    def prepare(self, frames: Frames) -> Frames:
        """Frames at the size of the world, uint8 (N, 48, 48, 3)."""
        side = motion.SIZE
        if frames.shape[1:3] == (side, side):
            return frames
        import cv2

        way = cv2.INTER_AREA if min(frames.shape[1:3]) >= side else cv2.INTER_LINEAR
        return np.stack([cv2.resize(frame, (side, side), interpolation=way) for frame in frames])

    def extract(self, windows: Frames) -> Features:
        """Return float32 (B, dim) for uint8 (B, 1, 48, 48, 3)."""
        return judge_frames.per_frame(windows[:, 0])
