"""What extractors of published image networks share: weights by key, frames one by one, small batches."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from vbench_lite.metric import FeatureExtractor, Features, Frames
from vbench_lite.weights import files

if TYPE_CHECKING:
    import torch
    from torch import nn


class ImageNetworkExtractor(FeatureExtractor):
    """One frame in, one vector out, by a network whose weights are `info.weights[0]` of the catalogue.

    Frames are prepared one at a time, so that only prepared frames of a batch are in memory.
    """

    batch: ClassVar[int] = 8

    def __init__(self) -> None:
        self._network: nn.Module | None = None
        self._device = "cpu"

    @abstractmethod
    def build(self, weights: Mapping[str, torch.Tensor]) -> nn.Module:
        """The network with these weights, float32; it takes what `tensor` gives, in batches."""

    @abstractmethod
    def tensor(self, frame: Frames) -> torch.Tensor:
        """A frame, uint8 (H, W, 3), as the network wants it, float32 (3, h, w)."""

    def load(self, device: str = "cpu") -> None:
        """Read the weights.

        Raises:
            WeightsError: they cannot be had; the message says what was tried.
        """
        weights = files.state_dict(self.info.weights[0])
        self._network = self.build(weights).to(device).eval()
        self._device = device

    def extract(self, windows: Frames) -> Features:
        """Return float32 (B, dim) for uint8 (B, 1, H, W, 3); loads the weights if `load` was not called."""
        import torch

        if self._network is None:
            self.load()
        assert self._network is not None
        rows = []
        with torch.inference_mode():
            for start in range(0, len(windows), self.batch):
                chunk = windows[start : start + self.batch, 0]
                inputs = torch.stack([self.tensor(frame) for frame in chunk]).to(self._device)
                rows.append(self._network(inputs).float().cpu().numpy())
        return np.concatenate(rows)

    @property
    def fingerprint(self) -> str:
        return f"{super().fingerprint}#{files.fingerprint(self.info.weights[0])}"


def planes(frame: Frames) -> torch.Tensor:
    """A frame, uint8 (H, W, 3), as float32 (3, H, W) in 0..255."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1).float()
