"""Extractors `i3d` and `i3d-styleganv`: sixteen frames to the 400 logits of I3D, in two geometries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from vbench_lite.arrays import Floats32
from vbench_lite.clip import Frames
from vbench_lite.extractor import ExtractorInfo
from vbench_lite.suites.extractors.geometry import resize, short_side
from vbench_lite.suites.extractors.network import NetworkExtractor

if TYPE_CHECKING:
    import torch

SIDE = 224


class I3DLogits(NetworkExtractor):
    """Logits of I3D for Kinetics-400, averaged over time, before the softmax.

    Preprocessing: short side to 224 bilinear with antialias, centre crop, [-1, 1]; 16 frames, stride 16.

    Source: Carreira & Zisserman (CVPR 2017); features of FVD as in Unterthiner et al. (2018)
    """

    batch: ClassVar[int] = 1  # activations of one window are about 150 MB
    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="i3d",
        dim=400,
        window=16,
        stride=16,
        preprocessing="short side to 224 bilinear antialias, centre crop 224, float, x/127.5-1",
        weights=("i3d-k400",),
    )

    def build(self, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        from vbench_lite.suites.extractors.i3d_network import i3d

        return i3d(tensors)

    def prepare(self, frames: Frames) -> Floats32:
        """Float32 (N, 224, 224, 3), 0..255."""
        return short_side(frames, SIDE, antialias=True)

    def embed(self, network: torch.nn.Module, windows: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = network((windows / 127.5 - 1).permute(0, 4, 1, 2, 3))
        return logits


class I3DLogitsStyleGanV(I3DLogits):
    """The same in the geometry of StyleGAN-V's FVD: stretched to a square.

    Preprocessing: stretch to 224x224 bilinear without antialias, [-1, 1]; 16 frames, stride 16.

    Source: Skorokhodov et al., StyleGAN-V (CVPR 2022), src/metrics
    """

    info: ClassVar[ExtractorInfo] = replace(
        I3DLogits.info,
        id="i3d-styleganv",
        preprocessing="stretch to 224x224 bilinear, no antialias, float, x/127.5-1",
    )

    def prepare(self, frames: Frames) -> Floats32:
        """Float32 (N, 224, 224, 3), 0..255."""
        return resize(frames, (SIDE, SIDE), antialias=False)
