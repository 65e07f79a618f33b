"""Extractor `dino-vitb16`: what a frame shows, by DINO ViT-B/16, prepared as VBench does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from vbench_lite.metric import ExtractorInfo, Frames
from vbench_lite.suites.extractors.image_network import ImageNetworkExtractor, planes

if TYPE_CHECKING:
    import torch
    from torch import nn

SIDE = 224
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class DinoVitB16(ImageNetworkExtractor):
    """The class token of DINO ViT-B/16 for every frame, not normalised.

    Preprocessing:
        Short side to 224, bilinear without antialias, on float 0..255; the frame is not cropped, so a wide
        one gives more patches. Then /255 and the mean and deviation of ImageNet.

    Source: VBench (Huang et al., CVPR 2024), vbench/subject_consistency.py.
    """

    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="dino-vitb16",
        version=1,
        dim=768,
        window=1,
        stride=1,
        preprocessing="float 0..255, short side 224 bilinear no antialias, no crop, /255, ImageNet mean/std",
        weights=("dino-vitb16",),
    )

    def build(self, weights: Mapping[str, torch.Tensor]) -> nn.Module:
        from vbench_lite.suites.extractors.dino_network import dino_network

        return dino_network(weights)

    def tensor(self, frame: Frames) -> torch.Tensor:
        from torchvision.transforms import InterpolationMode
        from torchvision.transforms import functional as transform

        small = transform.resize(planes(frame), SIDE, InterpolationMode.BILINEAR, antialias=False)
        normed: torch.Tensor = transform.normalize(small / 255, _MEAN, _STD)
        return normed
