"""VideoMAE's encoder: a plain vision transformer over tubelets, in the layout of its published weights.

The patch embedding takes two frames at a time; positions are fixed sines over all tubelets; query and value
have biases and the key has none; the features are the mean over tokens, then a layer norm (`fc_norm`).
Source: Tong et al., VideoMAE (NeurIPS 2022); Wang et al., VideoMAE V2 (CVPR 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

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
        self.blocks = nn.ModuleList([block(shape) for _ in range(shape.depth)])
        self.fc_norm = nn.LayerNorm(shape.width, eps=1e-6)
        self.positions: Tensor
        self.register_buffer("positions", sines(shape.tokens, shape.width), persistent=False)

    def forward(self, clips: Tensor) -> Tensor:
        x = self.get_submodule("patch_embed.proj")(clips).flatten(2).transpose(1, 2) + self.positions
        for layer in self.blocks:
            x = layer(x)
        features: Tensor = self.fc_norm(x.mean(1))
        return features


def block(shape: Shape) -> nn.Module:
    """One block of the transformer."""
    from timm.models.vision_transformer import Block  # slow to import

    norm: Any = partial(nn.LayerNorm, eps=1e-6)
    ratio = shape.hidden / shape.width
    made: nn.Module = Block(shape.width, shape.heads, ratio, qkv_bias=True, norm_layer=norm)
    return made


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
    for name in [name for name in kept if name.endswith("attn.q_bias")]:  # keys have none
        query, value = kept[name], kept[name.replace("q_bias", "v_bias")]
        kept[name.replace("q_bias", "qkv.bias")] = torch.cat([query, torch.zeros_like(value), value])
    kept = {name: value for name, value in kept.items() if name in wanted}
    wrong = [name for name, value in kept.items() if value.shape != wanted[name].shape]
    if wrong:
        raise ValueError(f"weights do not fit {shape}: {wrong[0]} is {tuple(kept[wrong[0]].shape)}")
    return with_weights(network, kept, "VideoMAE")
