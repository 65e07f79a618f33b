"""Extractor `inception-fid`: every fourth frame to the 2048 features of FID."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from vbench_lite.arrays import Floats32
from vbench_lite.clip import Frames
from vbench_lite.extractor import ExtractorInfo
from vbench_lite.suites.extractors.geometry import resize
from vbench_lite.suites.extractors.network import NetworkExtractor

if TYPE_CHECKING:
    import torch


class InceptionFeatures(NetworkExtractor):
    """Pooled features of the Inception-v3 of FID, for every fourth frame of a clip.

    Preprocessing: stretch to 299x299 bilinear, half-pixel centres, no antialias, [-1, 1]; as in pytorch-fid.

    Source: Heusel et al., GANs trained by a two time-scale update rule (NeurIPS 2017); pytorch-fid
    """

    batch: ClassVar[int] = 4
    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="inception-fid",
        dim=2048,
        stride=4,
        preprocessing="stretch to 299x299 bilinear half-pixel, no antialias, float, x/127.5-1",
        weights=("inception-v3-fid",),
    )

    def build(self, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        from vbench_lite.suites.extractors.inception_network import inception_v3_fid

        return inception_v3_fid(tensors)

    def prepare(self, frames: Frames) -> Floats32:
        """Float32 (N, 299, 299, 3), 0..255."""
        return resize(frames, (299, 299), antialias=False)

    def embed(self, network: torch.nn.Module, windows: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = network((windows[:, 0] / 127.5 - 1).permute(0, 3, 1, 2).contiguous())
        return features
