"""Extractor `shapes-video`: sixteen frames to what they show and how that looks, in eighty numbers."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from vbench_lite.clip import Frames
from vbench_lite.errors import WeightsError
from vbench_lite.extractor import ExtractorInfo, FeatureExtractor, Features
from vbench_lite.suites.extractors.shapes_appearance import NAMES, appearance, standardise

if TYPE_CHECKING:
    from vbench_lite.suites.extractors.shapes_network import ShapesNetwork

WEIGHTS = Path(__file__).with_name("shapes_video.safetensors")
_SIDE = 32
_BATCH = 32  # windows at a time; bounds memory


class ShapesVideo(FeatureExtractor):
    """Features of the shapes world, each row with a root mean square of 1.

    The first 64 numbers come from a network that was trained to tell which thing is where and how it moves;
    the last 16 are statistics of appearance and change (`shapes_appearance`), because such a network looks
    past noise, blur and stutter. Both parts have about unit variance on real clips. Frames of another size
    are brought to 32x32 without keeping the aspect, so that nothing is cut off: by area to reduce, bilinear
    to enlarge.
    """

    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="shapes-video",
        dim=64 + len(NAMES),
        window=16,
        stride=16,
        preprocessing="resize to 32x32, aspect not kept (area to reduce, bilinear to enlarge), uint8; /255",
    )

    def __init__(self) -> None:
        self._network: ShapesNetwork | None = None

    def load(self, device: str = "cpu") -> None:
        """Read the weights, half precision, and compute in float32.

        Raises:
            WeightsError: the file that ships with the package is missing.
        """
        from safetensors.torch import load_file

        from vbench_lite.suites.extractors.shapes_network import ShapesNetwork

        if not WEIGHTS.exists():
            raise WeightsError(f"extractor shapes-video: {WEIGHTS} is missing; install the package again")
        network = ShapesNetwork()
        stored = {name: value.float() for name, value in load_file(WEIGHTS).items()}
        self._scale = (stored.pop("appearance.mean").numpy(), stored.pop("appearance.deviation").numpy())
        network.load_state_dict(stored)
        self._device = device
        self._network = network.to(device).eval()

    def extract(self, windows: Frames) -> Features:
        """Return float32 (B, 80) for uint8 (B, 16, H, W, 3); loads the weights if `load` was not called."""
        import torch

        if self._network is None:
            self.load()
        assert self._network is not None
        small = np.stack([_resize(window) for window in windows])
        rows = []
        with torch.inference_mode():
            for start in range(0, len(small), _BATCH):
                batch = torch.from_numpy(small[start : start + _BATCH]).to(self._device)
                rows.append(self._network(batch.permute(0, 1, 4, 2, 3).float() / 255).cpu().numpy())
        looks = standardise(appearance(small), *self._scale)
        return _unit_rms(np.concatenate([np.concatenate(rows), looks], axis=1))

    @cached_property
    def _weights_sha256(self) -> str:
        return hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()

    @property
    def fingerprint(self) -> str:
        return f"{super().fingerprint}#{self._weights_sha256}"


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
