"""Extractor `efficientnet-lite0`: a frame to the pooled features of a small ImageNet network."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from vbench_lite.arrays import Floats32
from vbench_lite.clip import Frames
from vbench_lite.extractor import ExtractorInfo
from vbench_lite.suites.extractors.geometry import short_side
from vbench_lite.suites.extractors.network import NetworkExtractor, with_weights

if TYPE_CHECKING:
    import torch


class EfficientNetLite0(NetworkExtractor):
    """The 1280 features before the classifier of EfficientNet-Lite0, averaged over 7x7 places.

    Preprocessing: short side to 224 bilinear with antialias, centre crop, (x - 127) / 128.

    Source: Tan & Le, EfficientNet (ICML 2019), Lite variant by TensorFlow; network by timm
    """

    batch: ClassVar[int] = 4
    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="efficientnet-lite0",
        dim=1280,
        preprocessing="short side to 224 bilinear antialias, centre crop 224, float, (x-127)/128",
        weights=("efficientnet-lite0",),
    )

    def build(self, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        return efficientnet_lite0(tensors)

    def prepare(self, frames: Frames) -> Floats32:
        """Float32 (N, 224, 224, 3), 0..255."""
        return short_side(frames, 224, antialias=True)

    def embed(self, network: torch.nn.Module, windows: torch.Tensor) -> torch.Tensor:
        # timm's own method, which torch's type of a network does not have
        features: torch.Tensor = network.forward_features(normalised(windows[:, 0]))  # type: ignore[operator]
        return features.mean((2, 3))


def efficientnet_lite0(tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
    """The network with its classifier (1000 ImageNet classes) and weights of the key `efficientnet-lite0`."""
    import timm

    network: torch.nn.Module = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    return with_weights(network, tensors, "EfficientNet-Lite0", optional=r".*num_batches_tracked")


def normalised(images: torch.Tensor) -> torch.Tensor:
    """Images (B, 224, 224, 3), 0..255, as the network wants them: float32 (B, 3, 224, 224)."""
    return ((images.float() - 127) / 128).permute(0, 3, 1, 2).contiguous()
