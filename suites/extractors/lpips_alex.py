"""Extractor `lpips-alex`: a clip to a vector whose squared distance to another clip's is their LPIPS."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from vbench_lite.arrays import Bools, Floats32, Ints
from vbench_lite.clip import ClipInfo, Frames
from vbench_lite.errors import NotApplicable
from vbench_lite.extractor import ExtractorInfo
from vbench_lite.suites.extractors.geometry import short_side
from vbench_lite.suites.extractors.network import NetworkExtractor

if TYPE_CHECKING:
    import torch

FRAMES = 3
SIDE = 64


class LpipsAlexRows(NetworkExtractor):
    """What LPIPS (v0.1, AlexNet) compares, of the first, the middle and the last frame of a clip.

    LPIPS is a weighted squared distance of activations at unit length. Each activation is multiplied here by
    the root of its head's weight over the places of its layer and the frames, so the squared Euclidean
    distance of two rows is the mean of LPIPS over the three frames: all pairs of n clips cost n passes.

    Preprocessing: frames 0, n // 2 and n - 1 of n; short side to 64 bilinear with antialias, centre crop.

    Source: Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric (CVPR 2018)
    """

    batch: ClassVar[int] = 8
    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="lpips-alex",
        dim=FRAMES * (64 * 15**2 + 192 * 7**2 + (384 + 256 + 256) * 3**2),
        window=FRAMES,
        stride=FRAMES,
        preprocessing="frames 0, n//2, n-1; short side to 64 bilinear antialias, centre crop 64, x/255",
        weights=("lpips-alex",),
    )

    def build(self, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        from vbench_lite.suites.reconstruction.perceptual import LpipsAlex

        return LpipsAlex().build(tensors)

    def keep(self, clip: ClipInfo, indices: Ints) -> Bools:
        """First, middle and last frame.

        Raises:
            NotApplicable: the length of the clip is not known, or it has fewer than three frames.
        """
        count = clip.num_frames
        if count is None:
            raise NotApplicable("the length of the clip is unknown, so no frame is its middle or last")
        if count < FRAMES:
            raise NotApplicable(f"{count} frames: the first, a middle and the last one are needed")
        return np.isin(indices, (0, count // 2, count - 1))

    def prepare(self, frames: Frames) -> Floats32:
        """Float32 (N, 64, 64, 3), 0..255."""
        return short_side(frames, SIDE, antialias=True)

    def embed(self, network: torch.nn.Module, windows: torch.Tensor) -> torch.Tensor:
        images = windows.flatten(0, 1).permute(0, 3, 1, 2).float() / 255
        rows = lpips_rows(network, images).reshape(len(windows), -1)
        return rows / math.sqrt(FRAMES)


def lpips_rows(network: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Vectors (N, dim) of images (N, 3, H, W) in 0..1, whose squared distances are LPIPS.

    Raises:
        ValueError: a head has a weight below 0, so that LPIPS is no distance.
    """
    import torch

    # parts of lpips' network, which torch's type of a network does not have
    layers = network.net(network.scaling_layer(2 * images - 1))  # type: ignore[operator]
    parts = []
    for number, layer in enumerate(layers):
        head = getattr(network, f"lin{number}").model[-1].weight
        if bool((head < 0).any()):
            raise ValueError(f"head {number} of LPIPS has weights below 0")
        unit = layer / (layer.square().sum(1, keepdim=True).sqrt() + 1e-10)
        places = layer.shape[2] * layer.shape[3]
        parts.append((unit * (head / places).sqrt()).flatten(1))
    return torch.cat(parts, 1)
