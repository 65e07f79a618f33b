"""Extractor `shapes-video`: sixteen frames to what they show and how that looks, in eighty numbers."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from vbench_lite.clip import Frames
from vbench_lite.errors import WeightsError
from vbench_lite.extractor import ExtractorInfo, Features
from vbench_lite.suites.extractors.network import NetworkExtractor, with_weights
from vbench_lite.suites.extractors.shapes_appearance import NAMES, appearance, standardise

if TYPE_CHECKING:
    import torch

WEIGHTS = Path(__file__).with_name("shapes_video.safetensors")
_SIDE = 32


class ShapesVideo(NetworkExtractor):
    """Features of the shapes world, each row with a root mean square of 1.

    The first 64 numbers come from a network that was trained to tell which thing is where and how it moves;
    the last 16 are statistics of appearance and change (`shapes_appearance`), because such a network looks
    past noise, blur and stutter. Both parts have about unit variance on real clips. Frames of another size
    are brought to 32x32 without keeping the aspect, so that nothing is cut off: by area to reduce, bilinear
    to enlarge.
    """

    batch: ClassVar[int] = 32
    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="shapes-video",
        dim=64 + len(NAMES),
        window=16,
        stride=16,
        preprocessing="resize to 32x32, aspect not kept (area to reduce, bilinear to enlarge), uint8; /255",
    )

    def tensors(self) -> dict[str, torch.Tensor]:
        """The weights, stored in half precision, as float32.

        Raises:
            WeightsError: the file that ships with the package is missing.
        """
        from safetensors.torch import load_file

        if not WEIGHTS.exists():
            raise WeightsError(f"extractor shapes-video: {WEIGHTS} is missing; install the package again")
        return {name: value.float() for name, value in load_file(WEIGHTS).items()}

    def build(self, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        from vbench_lite.suites.extractors.shapes_network import ShapesNetwork

        self._scale = (tensors.pop("appearance.mean").numpy(), tensors.pop("appearance.deviation").numpy())
        return with_weights(ShapesNetwork(), tensors, "shapes-video")

    def embed(self, network: torch.nn.Module, windows: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network(windows.permute(0, 1, 4, 2, 3).float() / 255)
        return found

    def extract(self, windows: Frames) -> Features:
        """Return float32 (B, 80) for uint8 (B, 16, H, W, 3); loads the weights if `load` was not called."""
        small = np.stack([_resize(window) for window in windows])
        rows = super().extract(small)
        looks = standardise(appearance(small), *self._scale)
        return _unit_rms(np.concatenate([rows, looks], axis=1))

    @cached_property
    def _weights(self) -> str:
        return hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()


def _unit_rms(features: Features) -> Features:
    """Scale rows to a root mean square of 1: a clip far outside counts as far, not without bound."""
    size = np.sqrt((features.astype(np.float64) ** 2).mean(axis=1, keepdims=True))
    return np.asarray(features / size, np.float32)


def _resize(window: Frames) -> Frames:
    """Bring frames, uint8 (T, H, W, 3), to 32x32."""
    height, width = window.shape[1:3]
    if (height, width) == (_SIDE, _SIDE):
        return window
    import cv2

    way = cv2.INTER_AREA if min(height, width) >= _SIDE else cv2.INTER_LINEAR
    return np.stack([cv2.resize(frame, (_SIDE, _SIDE), interpolation=way) for frame in window])
