"""Learned distances of a clip to its reference, frame by frame: LPIPS and DISTS."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from vbench_lite.arrays import Floats, Ints
from vbench_lite.clip import ClipInfo
from vbench_lite.metric import Axis, Frames, MetricInfo, SampleInfo
from vbench_lite.suites.extractors.network import with_weights
from vbench_lite.suites.reconstruction.sizes import FramePairs
from vbench_lite.weights import files

if TYPE_CHECKING:
    import torch

_BATCH_PIXELS = 2**19  # of frames that go through a network at a time; bounds memory
_ZHANG = "Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric (CVPR 2018)"


class PerceptualDistance(FramePairs):
    """Mean over frames of a distance between a network's features of a frame and of its reference."""

    def __init__(self) -> None:
        self._network: torch.nn.Module | None = None

    @abstractmethod
    def build(self, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        """Return the network with the weights of `info.weights[0]`, in evaluation mode."""

    @abstractmethod
    def distances(
        self, network: torch.nn.Module, frames: torch.Tensor, reference: torch.Tensor
    ) -> torch.Tensor:
        """Return the distance of each pair (N,), of images (N, 3, H, W) in 0..1."""

    def start(self, clip: ClipInfo, reference: ClipInfo, sample: SampleInfo) -> None:
        super().start(clip, reference, sample)
        if self._network is None:
            self._network = self.build(files.state_dict(self.info.weights[0]))

    def push(self, frames: Frames, reference: Frames, indices: Ints) -> None:
        self._sum += float(self.each(frames, reference).sum())
        self._count += len(frames)

    def each(self, frames: Frames, reference: Frames) -> Floats:
        """The distance of each pair, float64 (N,), of frames uint8 (N, H, W, 3)."""
        import torch

        assert self._network is not None
        some = max(1, _BATCH_PIXELS // (frames.shape[1] * frames.shape[2]))
        found = [np.empty(0)]
        with torch.inference_mode():
            for start in range(0, len(frames), some):
                ours, theirs = (
                    torch.tensor(x[start : start + some]).permute(0, 3, 1, 2).float() / 255
                    for x in (frames, reference)
                )
                found.append(self.distances(self._network, ours, theirs).double().numpy())
        return np.concatenate(found)


class LpipsAlex(PerceptualDistance):
    """LPIPS v0.1 on AlexNet, the variant that is usually meant; 0 for equal frames.

    Formula:
        mean over frames of sum over layers of mean over places of sum over channels of
        w[c] * (f[c] - r[c])^2, f and r the features of frame and reference at unit length over channels

    Traps:
        AlexNet and VGG give different numbers: they are two metrics.
    """

    least: ClassVar[int] = 32
    net: ClassVar[str] = "alex"
    info: ClassVar[MetricInfo] = MetricInfo(
        id="reconstruction/lpips",
        axis=Axis.QUALITY,
        bounds=(0.0, None),
        higher_is_better=False,
        summary="Perceptual distance (LPIPS, AlexNet) to the reference clip; 0 where frames are equal.",
        source=f"{_ZHANG}, v0.1, by the lpips package",
        weights=("lpips-alex",),
    )

    def build(self, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        import lpips

        # No backbone and no heads of the package: both come from the catalogue's file.
        with warnings.catch_warnings():  # torchvision deprecates arguments that the package passes
            warnings.simplefilter("ignore", UserWarning)
            network: torch.nn.Module = lpips.LPIPS(
                net=self.net, pretrained=False, pnet_rand=True, verbose=False
            )
        return with_weights(network, tensors, "LPIPS", optional=r"(lins|scaling_layer)\..*")

    def distances(
        self, network: torch.nn.Module, frames: torch.Tensor, reference: torch.Tensor
    ) -> torch.Tensor:
        found: torch.Tensor = network(frames, reference, normalize=True)
        return found.flatten()


class LpipsVgg(LpipsAlex):
    """LPIPS v0.1 on VGG-16; see `reconstruction/lpips`. Slower by an order of magnitude."""

    least: ClassVar[int] = 16
    net: ClassVar[str] = "vgg"
    info: ClassVar[MetricInfo] = replace(
        LpipsAlex.info,
        id="reconstruction/lpips_vgg",
        summary="Perceptual distance (LPIPS, VGG-16) to the reference clip; 0 where frames are equal.",
        weights=("lpips-vgg",),
    )


class Dists(PerceptualDistance):
    """Distance of structure and texture on VGG-16, which forgives another sample of the same texture.

    Formula:
        mean over frames of 1 - sum over layers and channels of a * texture + b * structure;
        texture: (2 m_f m_r + c) / (m_f^2 + m_r^2 + c) of the means of the channel over places;
        structure: (2 cov_fr + c) / (var_f + var_r + c) of its variances and covariance

    Traps:
        The published protocol reduces images to a short side of 256; frames are taken here at their own size.
    """

    least: ClassVar[int] = 16
    info: ClassVar[MetricInfo] = MetricInfo(
        id="reconstruction/dists",
        axis=Axis.QUALITY,
        bounds=(0.0, 1.0),
        higher_is_better=False,
        summary="Distance of structure and texture (DISTS) to the reference clip; 0 where frames are equal.",
        source="Ding et al., Image quality: unifying structure and texture similarity (TPAMI 2020)",
        weights=("vgg16-features",),
    )

    def build(self, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        from vbench_lite.suites.reconstruction.dists_network import dists

        return dists(tensors)

    def distances(
        self, network: torch.nn.Module, frames: torch.Tensor, reference: torch.Tensor
    ) -> torch.Tensor:
        found: torch.Tensor = network(frames, reference)
        return found.reshape(-1).clamp(0.0, 1.0)
