"""DINO's ViT-B/16: timm's blocks, and position embeddings resampled as the authors' code does.

Source: Caron et al., Emerging Properties in Self-Supervised Vision Transformers (ICCV 2021);
github.com/facebookresearch/dino, vision_transformer.py (Apache-2.0) for the resampling.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_NUDGE = 0.1  # added to the number of patches, so that the scale, rounded down, gives that number


class DinoNetwork(nn.Module):
    """Images float32 (B, 3, H, W), H and W at least 16, to the class token, float32 (B, 768)."""

    def __init__(self) -> None:
        super().__init__()
        import timm

        self.vit: Any = timm.create_model("vit_base_patch16_224", pretrained=False, num_classes=0)

    def forward(self, images: Tensor) -> Tensor:
        vit = self.vit
        patches = vit.patch_embed.proj(images)  # (B, 768, rows, columns); what is left of 16 is dropped
        rows, columns = patches.shape[-2:]
        tokens = patches.flatten(2).transpose(1, 2)
        tokens = torch.cat([vit.cls_token.expand(len(tokens), -1, -1), tokens], dim=1)
        tokens = tokens + resampled(vit.pos_embed, rows, columns, square=images.shape[-2] == images.shape[-1])
        class_tokens: Tensor = vit.norm(vit.blocks(tokens))[:, 0]
        return class_tokens


def resampled(embedding: Tensor, rows: int, columns: int, *, square: bool) -> Tensor:
    """Position embeddings (1, 1 + N, C) for a grid of patches, the class token's first.

    The scale of the bicubic resampling is (rows + 0.1) / sqrt(N), and it is used as given for the sampling
    points: another scale would shift them.
    """
    own = embedding.shape[1] - 1
    if rows * columns == own and square:
        return embedding
    side = int(math.sqrt(own))
    grid = embedding[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    scale = ((rows + _NUDGE) / math.sqrt(own), (columns + _NUDGE) / math.sqrt(own))
    grid = F.interpolate(grid, scale_factor=scale, mode="bicubic", recompute_scale_factor=False)
    return torch.cat([embedding[:, :1], grid.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)


def dino_network(weights: Mapping[str, Tensor]) -> DinoNetwork:
    """The network with weights by the names of dino_vitbase16_pretrain.pth."""
    with torch.device("meta"):
        network = DinoNetwork()
    network.vit.load_state_dict(dict(weights), assign=True)
    return network
