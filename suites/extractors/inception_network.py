"""Inception-v3 as FID uses it: TensorFlow's of 2015, which differs from torchvision's in four blocks.

Its average pools leave the border out of the mean, and the last block takes a maximum where torchvision takes
a mean. The classifier (1008 classes) is not used. Source: Szegedy et al. (CVPR 2016); Heusel et al. (NeurIPS
2017); the layout of the weights is pytorch-fid's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import inception

from vbench_lite.suites.extractors.network import with_weights


def inception_v3_fid(tensors: dict[str, Tensor]) -> nn.Module:
    """The network with these weights; images (B, 3, 299, 299) in [-1, 1] to features (B, 2048)."""
    network = InceptionFid()
    wanted = network.state_dict()
    kept = {name: value for name, value in tensors.items() if name in wanted}
    return with_weights(network, kept, "Inception-v3", optional=r".*num_batches_tracked")


class InceptionFid(nn.Module):
    """The layers up to the last pool."""

    def __init__(self) -> None:
        super().__init__()
        conv = inception.BasicConv2d
        self.Conv2d_1a_3x3 = conv(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = conv(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = conv(32, 64, kernel_size=3, padding=1)
        self.Conv2d_3b_1x1 = conv(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = conv(80, 192, kernel_size=3)
        self.Mixed_5b = _A(192, pool_features=32)
        self.Mixed_5c = _A(256, pool_features=64)
        self.Mixed_5d = _A(288, pool_features=64)
        self.Mixed_6a = inception.InceptionB(288)
        self.Mixed_6b = _C(768, channels_7x7=128)
        self.Mixed_6c = _C(768, channels_7x7=160)
        self.Mixed_6d = _C(768, channels_7x7=160)
        self.Mixed_6e = _C(768, channels_7x7=192)
        self.Mixed_7a = inception.InceptionD(768)
        self.Mixed_7b = _E(1280, maximum=False)
        self.Mixed_7c = _E(2048, maximum=True)

    def forward(self, images: Tensor) -> Tensor:
        x = images
        for name, layer in self.named_children():
            if name in ("Conv2d_3b_1x1", "Mixed_5b"):
                x = functional.max_pool2d(x, 3, 2)
            x = layer(x)
        return x.mean((2, 3))


def _mean_pool(x: Tensor) -> Tensor:
    return functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


class _A(inception.InceptionA):  # type: ignore[misc]  # torchvision has no types
    def _forward(self, x: Tensor) -> list[Tensor]:
        five = self.branch5x5_2(self.branch5x5_1(x))
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return [self.branch1x1(x), five, double, self.branch_pool(_mean_pool(x))]


class _C(inception.InceptionC):  # type: ignore[misc]  # torchvision has no types
    def _forward(self, x: Tensor) -> list[Tensor]:
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = x
        for number in range(1, 6):
            double = getattr(self, f"branch7x7dbl_{number}")(double)
        return [self.branch1x1(x), seven, double, self.branch_pool(_mean_pool(x))]


class _E(inception.InceptionE):  # type: ignore[misc]  # torchvision has no types
    def __init__(self, channels: int, *, maximum: bool) -> None:
        super().__init__(channels)
        self.maximum = maximum

    def _forward(self, x: Tensor) -> list[Tensor]:
        three = self.branch3x3_1(x)
        three = torch.cat([self.branch3x3_2a(three), self.branch3x3_2b(three)], 1)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        double = torch.cat([self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)], 1)
        pooled = functional.max_pool2d(x, 3, 1, 1) if self.maximum else _mean_pool(x)
        return [self.branch1x1(x), three, double, self.branch_pool(pooled)]
