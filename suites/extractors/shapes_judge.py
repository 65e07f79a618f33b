"""Extractor `shapes-judge`: what the judge of the shapes world measures on each frame."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.clip import Frames
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.extractor import ExtractorInfo, FeatureExtractor, Features


class ShapesJudge(FeatureExtractor):
    """Template scores, positions, colours and coverage of every frame; no network, no weights.

    Read a clip's rows with `vbench_lite.datasets.shapes.judge.judge_features`.
    """

    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="shapes-judge",
        dim=shapes_judge.FEATURE_DIM,
        preprocessing="short side above 32: area averaging to 32; otherwise as is; uint8 RGB",
    )

    def load(self, device: str = "cpu") -> None:
        """Nothing to load: the templates are computed."""

    def extract(self, windows: Frames) -> Features:
        """Return float32 (B, dim) for uint8 (B, 1, H, W, 3)."""
        return shapes_judge.per_frame(windows[:, 0])
