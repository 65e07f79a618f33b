"""Finite scalar quantisation (Mentzer et al. 2023, arXiv:2309.15505): codecs whose latents are tokens too."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class TokenCodec(nn.Module):
    """A codec of single frames whose latent vectors, of numbers in (-1, 1), can be rounded to tokens."""

    levels: Tensor  # float32 (dim,), steps of every number
    places: Tensor  # int64 (dim,), mixed-radix place value of every number in its token
    owner: Tensor  # int64 (dim,), the token of every number

    def __init__(self, tokens: Sequence[Sequence[int]]) -> None:
        """The steps of the numbers of every token in turn."""
        super().__init__()
        self.tokens, self.dim = len(tokens), sum(len(t) for t in tokens)
        self.vocabulary = max(math.prod(t) for t in tokens)
        levels = [float(level) for t in tokens for level in t]
        places = [math.prod(t[:i]) for t in tokens for i in range(len(t))]
        owner = [number for number, t in enumerate(tokens) for _ in t]
        self.register_buffer("levels", torch.tensor(levels), persistent=False)
        self.register_buffer("places", torch.tensor(places), persistent=False)
        self.register_buffer("owner", torch.tensor(owner), persistent=False)

    @abstractmethod
    def encode(self, frames: Tensor) -> Tensor:
        """Frames float32 (N, 3, H, W) in [0, 1] to latents float32 (N, dim) in (-1, 1)."""

    @abstractmethod
    def decode(self, latents: Tensor) -> Tensor:
        """Latents float32 (N, dim) to frames float32 (N, 3, H, W); clip to [0, 1] to show them."""

    def _steps(self, latents: Tensor) -> Tensor:
        return torch.floor((latents.clamp(-0.9999, 0.9999) + 1) / 2 * self.levels)

    def quantise(self, latents: Tensor) -> Tensor:
        """Move latents (..., dim) to the middle of their quantiser step; gradients pass through."""
        rounded = (2 * self._steps(latents) + 1) / self.levels - 1
        return latents + (rounded - latents).detach()

    def to_tokens(self, latents: Tensor) -> Tensor:
        """Latents (..., dim) to tokens int64 (..., tokens) in [0, vocabulary)."""
        digits = self._steps(latents).long() * self.places
        out = digits.new_zeros(*digits.shape[:-1], self.tokens)
        return out.index_add_(-1, self.owner, digits)

    def from_tokens(self, tokens: Tensor) -> Tensor:
        """Tokens int64 (..., tokens) to the latents (..., dim) at the middle of their steps."""
        step = (tokens[..., self.owner] // self.places) % self.levels.long()
        return (2 * step + 1) / self.levels - 1


def he_initialise(module: nn.Module) -> None:
    """He initialisation; with the smaller default of torch, training stays on its first plateau."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            assert part.bias is not None
            nn.init.zeros_(part.bias)


def frames_to_float(frames: Tensor) -> Tensor:
    """uint8 (N, H, W, C) to float32 (N, C, H, W) in [0, 1]."""
    return frames.permute(0, 3, 1, 2).to(torch.float32) / 255


def frames_to_uint8(frames: Tensor) -> Tensor:
    """float (N, 3, H, W) to uint8 (N, H, W, 3), clipped and rounded."""
    return (frames.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
