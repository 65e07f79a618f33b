"""VideoMAE's encoder: a plain vision transformer over tubelets, in the layout of its published weights.

The patch embedding takes two frames at a time; positions are fixed sines over all tubelets; query and value
have biases and the key has none; the features are the mean over tokens, then a layer norm (`fc_norm`).
Source: Tong et al., VideoMAE (NeurIPS 2022); Wang et al., VideoMAE V2 (CVPR 2023).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from vbench_lite.suites.extractors.network import with_weights


@dataclass(frozen=True)
class Shape:
    """Sizes of the encoder; defaults are ViT-g of VideoMAE V2."""

    width: int = 1408
    depth: int = 40
    heads: int = 16
    hidden: int = 6144
    patch: int = 14
    tubelet: int = 2
    frames: int = 16
    side: int = 224

    @property
    def tokens(self) -> int:
        """How many tubelets a clip has."""
        return (self.frames // self.tubelet) * (self.side // self.patch) ** 2


class VideoMae(nn.Module):
    """Clips, float32 (B, 3, frames, side, side), normalised, to features (B, width)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        size = (shape.tubelet, shape.patch, shape.patch)
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv3d(3, shape.width, size, stride=size)
        self.blocks = nn.ModuleList([_Block(shape) for _ in range(shape.depth)])
        self.fc_norm = nn.LayerNorm(shape.width, eps=1e-6)
        self.positions: Tensor
        self.register_buffer("positions", sines(shape.tokens, shape.width), persistent=False)

    def forward(self, clips: Tensor) -> Tensor:
        x = self.get_submodule("patch_embed.proj")(clips).flatten(2).transpose(1, 2) + self.positions
        for block in self.blocks:
            x = block(x)
        features: Tensor = self.fc_norm(x.mean(1))
        return features


class _Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(shape.width))
        self.v_bias = nn.Parameter(torch.zeros(shape.width))
        self.proj = nn.Linear(shape.width, shape.width)

    def forward(self, x: Tensor) -> Tensor:
        bias = torch.cat([self.q_bias, torch.zeros_like(self.v_bias), self.v_bias])
        mixed = functional.linear(x, self.qkv.weight, bias)
        queries, keys, values = mixed.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(queries, keys, values)
        out: Tensor = self.proj(seen.transpose(1, 2).flatten(2))
        return out


class _Mlp(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.fc1 = nn.Linear(shape.width, shape.hidden)
        self.fc2 = nn.Linear(shape.hidden, shape.width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return out


class _Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(shape.width, eps=1e-6)
        self.attn = _Attention(shape)
        self.norm2 = nn.LayerNorm(shape.width, eps=1e-6)
        self.mlp = _Mlp(shape)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


def sines(tokens: int, width: int) -> Tensor:
    """Fixed positions, float32 (1, tokens, width): sines at even places, cosines at odd ones."""
    place = torch.arange(width, dtype=torch.float64)
    rates = torch.pow(10000.0, -2 * torch.div(place, 2, rounding_mode="floor") / width)
    angles = torch.arange(tokens, dtype=torch.float64)[:, None] * rates
    table = torch.empty(tokens, width, dtype=torch.float64)
    table[:, 0::2], table[:, 1::2] = angles[:, 0::2].sin(), angles[:, 1::2].cos()
    return table[None].float()


def videomae(tensors: dict[str, Tensor], shape: Shape) -> VideoMae:
    """The encoder with weights in the published layout; the classifier is left out."""
    network = VideoMae(shape)
    wanted = network.state_dict()
    kept = {name.removeprefix("encoder."): value for name, value in tensors.items()}
    kept = {name: value for name, value in kept.items() if name in wanted}
    wrong = [name for name, value in kept.items() if value.shape != wanted[name].shape]
    if wrong:
        raise ValueError(f"weights do not fit {shape}: {wrong[0]} is {tuple(kept[wrong[0]].shape)}")
    return with_weights(network, kept, "VideoMAE")
