"""Extractor `musiq-spaq`: the technical quality of every frame, one number."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from vbench_lite.clip import Frames
from vbench_lite.extractor import ExtractorInfo
from vbench_lite.suites.extractors.frame_network import FrameNetworkExtractor
from vbench_lite.suites.extractors.geometry import planes

if TYPE_CHECKING:
    import torch

LONG_SIDE = 512


class MusiqSpaq(FrameNetworkExtractor):
    """The score of every frame by MUSIQ with the weights of SPAQ, about 0..100.

    Preprocessing:
        A long side above 512 is brought to 512, bilinear without antialias, on float 0..255, both sides
        rounded down; /255.

    Source: VBench (Huang et al., CVPR 2024), vbench/imaging_quality.py; Ke et al., MUSIQ (ICCV 2021).
    """

    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="musiq-spaq",
        dim=1,
        preprocessing="float 0..255, long side above 512 to 512 bilinear no antialias rounded down, /255",
        weights=("musiq-spaq",),
    )
    batch = 2

    def build(self, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        from vbench_lite.suites.extractors.musiq_network import musiq_network

        return musiq_network(tensors)

    def tensor(self, frame: Frames) -> torch.Tensor:
        from torchvision.transforms import InterpolationMode
        from torchvision.transforms import functional as transform

        image = planes(frame)
        height, width = image.shape[-2:]
        if max(height, width) > LONG_SIDE:
            scale = LONG_SIDE / max(height, width)
            size = [int(scale * height), int(scale * width)]
            image = transform.resize(image, size, InterpolationMode.BILINEAR, antialias=False)
        return image / 255
