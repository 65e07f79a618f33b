"""The video transformer behind two generators: rectified flow over one latent vector a frame.

One set of weights serves two attention masks. Bidirectional: all frames of a window at once (latent
diffusion), with an optional clean prefix. Block-causal: blocks of four frames, each with its own
noise level, each seeing itself and the clean frames of the two blocks before (hybrid; in the manner
of diffusion forcing, Chen et al. 2024, arXiv:2407.01392, trained by teacher forcing).

Rectified flow (Liu et al. 2022, arXiv:2209.03003): x_t = (1 - t) noise + t data, and the network
predicts the velocity data - noise. Conditioning is AdaLN-single (PixArt, arXiv:2310.00426).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CAPTION_WORDS = (6, 12, 8, 2)  # of the shapes world: colours, shapes, directions, speeds


@dataclass(frozen=True)
class TransformerConfig:
    """Hyperparameters of the video transformer."""

    latent_dim: int = 24
    width: int = 128
    layers: int = 6
    heads: int = 4
    window: int = 16  # frames denoised together by the bidirectional mask
    block: int = 4  # frames in a block of the block-causal mask
    context_blocks: int = 2  # clean blocks that a block sees
    words: tuple[int, ...] = CAPTION_WORDS  # choices of every word of a caption
    ages: int = 0  # frames from the beginning of a clip that are told apart, besides the first


LATE = 2**30  # age of a frame of which nothing is known but that its clip began long before

KeysValues = list[tuple[Tensor, Tensor]]  # for each layer, float32 (B, heads, L, head width)


def rope(frames: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines (L, width/2) of the rotary embedding of frame indices (L,)."""
    rates = 1.0 / 100.0 ** (torch.arange(0, width, 2) / width)
    angles = frames[:, None].float() * rates
    return angles.cos(), angles.sin()


def rotate(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Apply a rotary embedding (L, width/2) to x (..., L, width)."""
    cos, sin = turn
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
    """Plain attention; for sequences this short it is faster on a CPU than the fused kernel."""
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    if bias is not None:
        scores = scores + bias
    mixed: Tensor = scores.softmax(-1) @ v
    return mixed


def unit(x: Tensor) -> Tensor:
    """Root-mean-square norm over the last axis, without weights."""
    # Fewer operations than F.rms_norm, which is composite on a CPU and a quarter of a cached token.
    length: Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp_min(1e-3)
    normed: Tensor = x * (length.reciprocal() * x.shape[-1] ** 0.5)
    return normed


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers from each width to the next, with SiLU between them."""
    layers = [layer for a, b in itertools.pairwise(widths) for layer in (nn.SiLU(), nn.Linear(a, b))]
    return nn.Sequential(*layers[1:])


class Block(nn.Module):
    """What attention and MLP of a layer multiply by; at first they add nothing."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)


class Layer(Block):
    """Attention and MLP, both modulated by the conditioning."""

    def __init__(self, c: TransformerConfig) -> None:
        super().__init__(c.width, c.heads)
        self.shift_embed = nn.Parameter(torch.zeros(6, c.width))

    def forward(
        self,
        x: Tensor,  # (B, L, width)
        modulation: Tensor,  # (B, L, 6, width)
        turn: tuple[Tensor, Tensor],
        bias: Tensor | None,  # (L, past + L), 0 or -inf
        past: tuple[Tensor, Tensor] | None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        s1, b1, g1, s2, b2, g2 = (modulation + self.shift_embed).unbind(2)
        qkv = self.qkv(unit(x) * (1 + s1) + b1).unflatten(-1, (3, self.heads, -1))
        qkv = qkv.permute(2, 0, 3, 1, 4)  # (3, B, heads, L, head width)
        q, k = rotate(unit(qkv[:2]), turn).unbind(0)
        v = qkv[2]
        own = (k, v)
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        mixed = attend(q, k, v, bias).transpose(1, 2).flatten(2)
        x = x + (1 + g1) * self.out(mixed)
        x = x + (1 + g2) * self.down(F.silu(self.up(unit(x) * (1 + s2) + b2)))
        return x, own


class VideoTransformer(nn.Module):
    """Predicts the velocity of noisy latents, one token a frame."""

    mean: Tensor  # float32 (latent_dim,), of the codec's latents over the training data
    std: Tensor

    def __init__(self, config: TransformerConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or TransformerConfig()
        self.inp = nn.Linear(c.latent_dim, c.width)
        self.start_embed = nn.Parameter(torch.zeros(c.width))
        if c.ages:
            self.age_embed = nn.Parameter(torch.zeros(c.ages + 1, c.width))
        self.mode_embed = nn.Parameter(torch.randn(2, c.width) * 0.02)
        # One row more for each word: the dropped caption of classifier-free guidance.
        self.word_embed = nn.ModuleList(nn.Embedding(n + 1, c.width) for n in c.words)
        self.time = mlp(128, c.width, c.width)
        self.modulate = nn.Linear(c.width, 6 * c.width)
        self.layers = nn.ModuleList(Layer(c) for _ in range(c.layers))
        self.head = nn.Linear(c.width, c.latent_dim)
        self.head_shift = nn.Linear(c.width, 2 * c.width)
        for module in (self.modulate, self.head, self.head_shift):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
        self.register_buffer("mean", torch.zeros(c.latent_dim))
        self.register_buffer("std", torch.ones(c.latent_dim))

    def normalise(self, latents: Tensor) -> Tensor:
        """Codec latents to the unit scale on which the flow works."""
        return (latents - self.mean) / self.std

    def denormalise(self, x: Tensor) -> Tensor:
        """Back to codec latents, kept inside their bounds."""
        return (x * self.std + self.mean).clamp(-1, 1)

    def caption(self, words: Tensor) -> Tensor:
        """Word indices int64 (B, words) to (B, width); the index after the last word means dropped."""
        parts = [embed(words[:, i]) for i, embed in enumerate(self.word_embed)]
        return torch.stack(parts).sum(0)

    def aged(self, age: Tensor) -> Tensor | float:
        """What the ages (B, L) add to the conditioning, (B, L, width)."""
        return self.age_embed[age.clamp(max=self.config.ages)] if self.config.ages else 0.0

    def forward(
        self,
        x: Tensor,  # float32 (B, L, latent_dim), normalised
        times: Tensor,  # float32 (B, L), 0 is noise and 1 is data
        words: Tensor,  # int64 (B, words)
        age: Tensor,  # int64 (B, L), frames since the clip began as its caption says, or LATE
        frames: Tensor,  # int64 (L,), frame index of every token
        mode: int,  # 0 bidirectional, 1 block-causal
        bias: Tensor | None = None,
        past: KeysValues | None = None,
    ) -> tuple[Tensor, KeysValues]:
        """Velocity (B, L, latent_dim), and the keys and values of these tokens."""
        rates = torch.exp(torch.arange(64) * (-6.9 / 63)) * 1000
        angles = times[..., None] * rates
        clock = self.time(torch.cat([angles.cos(), angles.sin()], -1))
        said = (self.caption(words) + self.mode_embed[mode])[:, None]
        condition = F.silu(clock + said + self.aged(age))
        modulation = self.modulate(condition).unflatten(-1, (6, -1))
        h = self.inp(x) + (age == 0)[..., None] * self.start_embed
        turn = rope(frames, self.config.width // self.config.heads)
        cache: KeysValues = []
        for i, layer in enumerate(self.layers):
            h, own = layer(h, modulation, turn, bias, past[i] if past else None)
            cache.append(own)
        scale, shift = self.head_shift(condition).chunk(2, -1)
        return cast(Tensor, self.head(unit(h) * (1 + scale) + shift)), cache


def dropped(choices: tuple[int, ...], batch: int) -> Tensor:
    """The words of a dropped caption, int64 (B, words); `choices` is how many each word has."""
    return torch.tensor(choices).expand(batch, -1)


def guided(conditional: Tensor, unconditional: Tensor, guidance: float) -> Tensor:
    """Classifier-free guidance (Ho and Salimans 2022, arXiv:2207.12598)."""
    return unconditional + guidance * (conditional - unconditional)
