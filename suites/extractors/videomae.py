"""Extractor `videomae`: sixteen frames to the features of content-debiased FVD."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from vbench_lite.arrays import Floats32
from vbench_lite.clip import Frames
from vbench_lite.extractor import ExtractorInfo
from vbench_lite.suites.extractors.geometry import resize
from vbench_lite.suites.extractors.network import NetworkExtractor

if TYPE_CHECKING:
    import torch

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)


class VideoMaeFeatures(NetworkExtractor):
    """Features of VideoMAE V2 ViT-g, fine-tuned on Something-Something v2, before its classifier.

    They weigh motion more, and looks less, than I3D's do. The license of the weights forbids commercial use:
    they are never fetched, only imported. Not run with the real weights here: the layout is theirs, the
    numbers of the network are tested with random weights.

    Preprocessing: stretch to 224x224 bilinear without antialias, ImageNet mean and deviation; 16 frames,
    stride 16.

    Source: Ge et al., On the content bias in Fréchet video distance (CVPR 2024)
    """

    batch: ClassVar[int] = 1
    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="videomae",
        dim=1408,
        window=16,
        stride=16,
        preprocessing="stretch to 224x224 bilinear, no antialias, float, /255, ImageNet mean and deviation",
        weights=("videomae-ssv2",),
    )

    def build(self, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        from vbench_lite.suites.extractors.videomae_network import Shape, videomae

        return videomae(tensors, Shape())

    def prepare(self, frames: Frames) -> Floats32:
        """Float32 (N, 224, 224, 3), 0..255."""
        return resize(frames, (224, 224), antialias=False)

    def embed(self, network: torch.nn.Module, windows: torch.Tensor) -> torch.Tensor:
        mean, deviation = (windows.new_tensor(values) for values in (_MEAN, _DEVIATION))
        clips = (windows / 255 - mean) / deviation
        features: torch.Tensor = network(clips.permute(0, 4, 1, 2, 3).contiguous())
        return features
