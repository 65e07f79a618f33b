"""Extractor `rife-3.8`: how far every second frame is from what its neighbours foretell."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from vbench_lite.metric import ExtractorInfo, FeatureExtractor, Features, Frames
from vbench_lite.weights import files

if TYPE_CHECKING:
    from vbench_lite.suites.extractors.rife_network import RifeNetwork

KEY = "rife-3.8"


class Rife38(FeatureExtractor):
    """Mean absolute difference, in levels 0..255, of odd frames and RIFE's frames between even ones.

    Preprocessing:
        Full size, /255, zeros right and below up to multiples of 32; the middle frame is rounded to uint8.

    Source: Huang et al., RIFE (ECCV 2022), weights 3.8 (MIT).
    """

    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="rife-3.8",
        version=1,
        dim=1,
        window=3,
        stride=2,
        preprocessing="full size, /255, zeros to /32, middle frame rounded to uint8",
        weights=(KEY,),
    )

    def __init__(self) -> None:
        self._network: RifeNetwork | None = None
        self._device = "cpu"

    def load(self, device: str = "cpu") -> None:
        """Read the weights.

        Raises:
            WeightsError: they cannot be had.
        """
        from vbench_lite.suites.extractors.rife_network import rife_network

        self._network = rife_network(files.state_dict(KEY)).to(device).eval()
        self._device = device

    def extract(self, windows: Frames) -> Features:
        """Return float32 (B, 1) for uint8 (B, 3, H, W, 3); loads the weights if `load` was not called."""
        import torch

        if self._network is None:
            self.load()
        with torch.inference_mode():
            return np.array([[self._error(window)] for window in windows], np.float32)

    def _error(self, window: Frames) -> float:
        middle = self.between(window[0], window[2])
        return float(np.abs(middle.astype(np.int16) - window[1]).mean(dtype=np.float64))

    def between(self, first: Frames, last: Frames) -> Frames:
        """The frame half-way between two, uint8 (H, W, 3)."""
        import torch
        from torch.nn import functional as F

        from vbench_lite.suites.extractors.image_network import planes
        from vbench_lite.suites.extractors.rife_network import MULTIPLE

        if self._network is None:
            self.load()
        assert self._network is not None
        height, width = first.shape[:2]
        edges = [0, -width % MULTIPLE, 0, -height % MULTIPLE]
        images = [(F.pad(planes(f)[None], edges) / 255).to(self._device) for f in (first, last)]
        with torch.inference_mode():
            middle = self._network(*images)[0, :, :height, :width].cpu()
        levels = (middle * 255).round().clamp(0, 255).to(torch.uint8)
        return np.asarray(levels.permute(1, 2, 0).numpy())

    @property
    def fingerprint(self) -> str:
        return f"{super().fingerprint}#{files.fingerprint(KEY)}"
