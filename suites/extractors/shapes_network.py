"""The network behind `shapes-video`: sixteen frames of the shapes world to sixty-four numbers.

Two-dimensional convolutions look at each frame, one-dimensional ones at the sequence of frame vectors.
The feature is a layer-normalised layer, so that distances have one scale. Heads behind it, which training
alone has (`tools/train_shapes.py`), made it hold what a viewer would notice: which thing, where, how it
moves, how damaged the picture is.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Size:
    """Hyperparameters; about 0.2 million parameters."""

    frames: int = 16
    side: int = 32
    channels: tuple[int, int] = (32, 64)
    frame_dim: int = 80
    time_dim: int = 96
    feature_dim: int = 64


class ShapesNetwork(nn.Module):
    """Frames float32 (B, 16, 3, 32, 32) in [0, 1] to features float32 (B, 64)."""

    def __init__(self, size: Size = Size()) -> None:
        super().__init__()
        self.size = size
        a, b = size.channels
        self.look = nn.Sequential(
            nn.PixelUnshuffle(2),  # 12 channels at 16x16: fewer, larger products are quicker on a CPU
            nn.Conv2d(12, a, 4, stride=2, padding=1),  # 8x8
            nn.ReLU(),
            nn.Conv2d(a, b, 3, stride=2, padding=1),  # 4x4
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(b * 16, size.frame_dim),
            nn.GELU(),
            nn.Linear(size.frame_dim, size.frame_dim),
            nn.GELU(),
        )
        self.watch = nn.Sequential(
            nn.Conv1d(size.frame_dim, size.time_dim, 5, stride=2, padding=2),  # 8 steps
            nn.GELU(),
            nn.Conv1d(size.time_dim, size.time_dim, 5, stride=2, padding=2),  # 4 steps
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(size.time_dim * 4, size.feature_dim),
            nn.LayerNorm(size.feature_dim, elementwise_affine=False),
        )

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return features, float32 (B, feature_dim): each row has mean 0 and variance 1."""
        batch, count = frames.shape[:2]
        seen = self.look(frames.flatten(0, 1) * 2 - 1).unflatten(0, (batch, count))
        features: torch.Tensor = self.watch(seen.transpose(1, 2))
        return features
