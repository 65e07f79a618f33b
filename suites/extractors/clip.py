"""Extractors of CLIP's image encoders: ViT-B/32 prepared in two ways, and ViT-L/14."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from vbench_lite.clip import Frames
from vbench_lite.extractor import ExtractorInfo
from vbench_lite.suites.extractors.frame_network import FrameNetworkExtractor
from vbench_lite.suites.extractors.geometry import planes

if TYPE_CHECKING:
    import torch

SIDE = 224
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
_FLOAT = "float 0..255, short side 224 bicubic no antialias not clamped, centre crop 224, /255, CLIP mean/std"
_PIL = "uint8 by PIL, short side 224 bicubic antialiased, centre crop 224, /255, CLIP mean/std"


class _ClipImage(FrameNetworkExtractor):
    """An image encoder of CLIP on float frames: the overshoot of bicubic resampling is not clamped."""

    def build(self, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        from vbench_lite.suites.extractors.clip_network import image_tower

        return image_tower(tensors)

    def tensor(self, frame: Frames) -> torch.Tensor:
        from torchvision.transforms import InterpolationMode
        from torchvision.transforms import functional as transform

        small = transform.resize(planes(frame), SIDE, InterpolationMode.BICUBIC, antialias=False)
        return normed(transform.center_crop(small, [SIDE, SIDE]) / 255)


class ClipVitB32(_ClipImage):
    """The embedding of every frame by CLIP ViT-B/32 (OpenAI, quick-GELU), not normalised.

    Preprocessing:
        Short side to 224, bicubic without antialias, on float 0..255, where the overshoot is not clamped;
        centre crop; /255; CLIP's mean and deviation.

    Source: VBench (Huang et al., CVPR 2024), vbench/background_consistency.py.
    """

    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="clip-vit-b32", dim=512, preprocessing=_FLOAT,
        weights=("clip-vit-b32-openai",),
    )  # fmt: skip


class ClipVitB32Pil(_ClipImage):
    """The embedding of every frame by CLIP ViT-B/32, prepared as OpenAI's own code prepares an image.

    Preprocessing:
        As an image of PIL: short side to 224, bicubic with antialias, rounded to uint8; centre crop; /255;
        CLIP's mean and deviation.

    Source: github.com/openai/CLIP; VBench (Huang et al., CVPR 2024), vbench/appearance_style.py.
    """

    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="clip-vit-b32-pil", dim=512, preprocessing=_PIL,
        weights=("clip-vit-b32-openai",),
    )  # fmt: skip

    def tensor(self, frame: Frames) -> torch.Tensor:
        from PIL import Image
        from torchvision.transforms import InterpolationMode
        from torchvision.transforms import functional as transform

        image = Image.fromarray(np.ascontiguousarray(frame))
        image = transform.resize(image, SIDE, InterpolationMode.BICUBIC)
        return normed(transform.to_tensor(transform.center_crop(image, [SIDE, SIDE])))


class ClipVitL14(_ClipImage):
    """The embedding of every frame by CLIP ViT-L/14 (OpenAI, quick-GELU), not normalised.

    Preprocessing:
        As `clip-vit-b32`.

    Source: VBench (Huang et al., CVPR 2024), vbench/aesthetic_quality.py.
    """

    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="clip-vit-l14", dim=768, preprocessing=_FLOAT,
        weights=("clip-vit-l14-openai",),
    )  # fmt: skip
    batch = 4


def normed(image: torch.Tensor) -> torch.Tensor:
    """An image in 0..1 by CLIP's mean and deviation."""
    from torchvision.transforms import functional as transform

    result: torch.Tensor = transform.normalize(image, MEAN, STD)
    return result
