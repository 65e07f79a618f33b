"""The codec that all three reference generators share: one frame, one short vector.

A holistic (1-D) tokenizer: a frame of 32x32 becomes 24 numbers in (-1, 1) with no spatial grid.
The diffusion models work on the numbers themselves; the token model on the same numbers after
finite scalar quantisation (Mentzer et al. 2023, arXiv:2309.15505): 8 tokens of 3 numbers each.
The decoder is trained on both, so one set of weights serves both families.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from vbench_lite.adapters.reference.tokens import TokenCodec, he_initialise


@dataclass(frozen=True)
class CodecConfig:
    """Hyperparameters of the codec. Frames are 32x32 RGB."""

    tokens: int = 8  # tokens a frame
    levels: tuple[int, ...] = (8, 6, 5)  # steps of each number of a token
    width: int = 96  # channels at 4x4
    hidden: int = 256

    @property
    def dim(self) -> int:
        """Numbers in the latent vector of a frame."""
        return self.tokens * len(self.levels)

    @property
    def vocabulary(self) -> int:
        """Codes that one token can take."""
        return math.prod(self.levels)


class Codec(TokenCodec):
    """Encoder, quantiser and decoder of single frames."""

    def __init__(self, config: CodecConfig | None = None) -> None:
        self.config = c = config or CodecConfig()
        super().__init__((c.levels,) * c.tokens)
        w = c.width
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(2),  # (N, 12, 16, 16)
            nn.Conv2d(12, w // 3, 4, stride=2, padding=1),  # (N, w/3, 8, 8)
            nn.SiLU(),
            nn.Conv2d(w // 3, 2 * w // 3, 4, stride=2, padding=1),  # (N, 2w/3, 4, 4)
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(16 * 2 * w // 3, c.hidden),
            nn.SiLU(),
            nn.Linear(c.hidden, c.dim),
            nn.Tanh(),
        )
        self.decoder = nn.Sequential(
            nn.Linear(c.dim, c.hidden),
            nn.SiLU(),
            nn.Linear(c.hidden, c.hidden),
            nn.SiLU(),
            nn.Linear(c.hidden, 16 * w),
            nn.SiLU(),
            nn.Unflatten(1, (w, 4, 4)),
            nn.Conv2d(w, 2 * w, 3, padding=1),
            nn.PixelShuffle(2),  # (N, w/2, 8, 8)
            nn.SiLU(),
            nn.Conv2d(w // 2, w, 3, padding=1),
            nn.PixelShuffle(2),  # (N, w/4, 16, 16)
            nn.SiLU(),
            nn.Conv2d(w // 4, 12, 3, padding=1),
            nn.PixelShuffle(2),  # (N, 3, 32, 32)
        )
        he_initialise(self)
        with torch.no_grad():
            cast(nn.Linear, self.encoder[-2]).weight.mul_(0.5)
            cast(nn.Conv2d, self.decoder[-2]).weight.mul_(0.1)

    def encode(self, frames: Tensor) -> Tensor:
        """Frames float32 (N, 3, 32, 32) in [0, 1] to latents float32 (N, dim) in (-1, 1)."""
        return cast(Tensor, self.encoder(frames * 2 - 1))

    def decode(self, latents: Tensor) -> Tensor:
        """Latents float32 (N, dim) to frames float32 (N, 3, 32, 32); clip to [0, 1] to show them."""
        return cast(Tensor, self.decoder(latents))
