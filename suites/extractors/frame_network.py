"""What extractors of single frames share: each frame becomes the network's own input as it comes."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from vbench_lite.arrays import Floats32
from vbench_lite.clip import Frames
from vbench_lite.suites.extractors.network import NetworkExtractor

if TYPE_CHECKING:
    import torch


class FrameNetworkExtractor(NetworkExtractor):
    """One frame in, one vector out."""

    @abstractmethod
    def tensor(self, frame: Frames) -> torch.Tensor:
        """A frame, uint8 (H, W, 3), as the network wants it, float32 (3, h, w)."""

    def prepare(self, frames: Frames) -> Floats32:
        """Float32 (N, 3, h, w); one frame at a time, so that one large frame is in float at a time."""
        return np.stack([self.tensor(frame).numpy() for frame in frames])

    def embed(self, network: torch.nn.Module, windows: torch.Tensor) -> torch.Tensor:
        vectors: torch.Tensor = network(windows[:, 0])
        return vectors
