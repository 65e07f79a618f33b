"""Extractor `rife-3.8`: how far every second frame is from what its neighbours foretell."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from vbench_lite.extractor import ExtractorInfo
from vbench_lite.suites.extractors.network import NetworkExtractor

if TYPE_CHECKING:
    import torch


class Rife38(NetworkExtractor):
    """Mean absolute difference, in levels 0..255, of odd frames and RIFE's frames between even ones.

    Preprocessing:
        Full size, /255, zeros right and below up to multiples of 32; the middle frame is rounded to uint8.

    Source: Huang et al., RIFE (ECCV 2022), weights 3.8 (MIT).
    """

    batch: ClassVar[int] = 1
    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="rife-3.8",
        dim=1,
        window=3,
        stride=2,
        preprocessing="full size, /255, zeros to /32, middle frame rounded to uint8",
        weights=("rife-3.8",),
    )

    def build(self, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        from vbench_lite.suites.extractors.rife_network import rife_network

        return rife_network(tensors)

    def embed(self, network: torch.nn.Module, windows: torch.Tensor) -> torch.Tensor:
        import torch

        errors = [(between(network, a, c).double() - b).abs().mean() for a, b, c in windows]
        return torch.stack(errors)[:, None]


def between(network: torch.nn.Module, first: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
    """The frame half-way between two, all uint8 (H, W, 3)."""
    import torch
    from torch.nn import functional as F

    from vbench_lite.suites.extractors.rife_network import MULTIPLE

    height, width = first.shape[:2]
    edges = [0, -width % MULTIPLE, 0, -height % MULTIPLE]
    images = (F.pad(frame.permute(2, 0, 1)[None].float(), edges) / 255 for frame in (first, last))
    middle = network(*images)[0, :, :height, :width]
    levels: torch.Tensor = (middle * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)
    return levels
