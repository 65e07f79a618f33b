"""Extractor `dino-vitb16`: what a frame shows, by DINO ViT-B/16, prepared as VBench does."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from vbench_lite.clip import Frames
from vbench_lite.extractor import ExtractorInfo
from vbench_lite.suites.extractors.frame_network import FrameNetworkExtractor
from vbench_lite.suites.extractors.geometry import planes

if TYPE_CHECKING:
    import torch

SIDE = 224
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class DinoVitB16(FrameNetworkExtractor):
    """The class token of DINO ViT-B/16 for every frame, not normalised.

    Preprocessing:
        Short side to 224, bilinear without antialias, on float 0..255; the frame is not cropped, so a wide
        one gives more patches. Then /255 and the mean and deviation of ImageNet.

    Source: VBench (Huang et al., CVPR 2024), vbench/subject_consistency.py.
    """

    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="dino-vitb16",
        dim=768,
        preprocessing="float 0..255, short side 224 bilinear no antialias, no crop, /255, ImageNet mean/std",
        weights=("dino-vitb16",),
    )

    def build(self, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        from vbench_lite.suites.extractors.dino_network import dino_network

        return dino_network(tensors)

    def tensor(self, frame: Frames) -> torch.Tensor:
        from torchvision.transforms import InterpolationMode
        from torchvision.transforms import functional as transform

        small = transform.resize(planes(frame), SIDE, InterpolationMode.BILINEAR, antialias=False)
        normed: torch.Tensor = transform.normalize(small / 255, _MEAN, _STD)
        return normed
