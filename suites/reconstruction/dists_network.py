"""The network of DISTS: VGG-16 whose max pools are blurred L2 pools, and how two images' features compare.

torchmetrics has the same computation, but builds its backbone by a download from a hub. Its file of the
weights alpha and beta is used. Source: Ding et al. (TPAMI 2020), equations 5 to 7.
"""

from __future__ import annotations

from importlib import resources

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics.functional.image.dists import L2pooling

from vbench_lite.suites.extractors.network import with_weights
from vbench_lite.weights import reading

_WIDTHS = (3, 64, 128, 256, 512, 512)
_STAGES = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))  # places in torchvision's `features`
_EPSILON = 1e-6


class Dists(nn.Module):
    """Images (N, 3, H, W) in 0..1 and their references to distances (N,)."""

    def __init__(self, alpha: Tensor, beta: Tensor) -> None:
        super().__init__()
        self.features = nn.ModuleDict()
        inputs = 3
        for places, width in zip(_STAGES, _WIDTHS[1:], strict=True):
            for place in places:
                self.features[str(place)] = nn.Conv2d(inputs, width, 3, padding=1)
                inputs = width
        self.pools = nn.ModuleList([L2pooling(channels=width) for width in _WIDTHS[1:-1]])
        total = alpha.sum() + beta.sum()
        self.alpha: Tensor
        self.beta: Tensor
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("alpha", alpha.flatten() / total)
        self.register_buffer("beta", beta.flatten() / total)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, images: Tensor, references: Tensor) -> Tensor:
        similarity = torch.zeros(len(images), device=images.device)
        first = 0
        for ours, theirs in zip(self.stages(images), self.stages(references), strict=True):
            weights = slice(first, first + ours.shape[1])
            first = weights.stop
            mean, other = ours.mean((2, 3)), theirs.mean((2, 3))
            variance = ours.var((2, 3), correction=0)
            spread = theirs.var((2, 3), correction=0)
            together = (ours * theirs).mean((2, 3)) - mean * other
            texture = (2 * mean * other + _EPSILON) / (mean**2 + other**2 + _EPSILON)
            structure = (2 * together + _EPSILON) / (variance + spread + _EPSILON)
            similarity += texture @ self.alpha[weights] + structure @ self.beta[weights]
        return 1 - similarity

    def stages(self, images: Tensor) -> list[Tensor]:
        """The images themselves, then the activations after each of five stages."""
        found = [images]
        x = (images - self.mean) / self.deviation
        for number, places in enumerate(_STAGES):
            if number:
                x = self.pools[number - 1](x)
            for place in places:
                x = functional.relu(self.features[str(place)](x))
            found.append(x)
        return found


def dists(tensors: dict[str, Tensor]) -> Dists:
    """The network with a backbone of the key `vgg16-features`."""
    folder = resources.files("torchmetrics.functional.image") / "dists_models"
    with resources.as_file(folder / "weights.pt") as path:
        weights = reading.read(path)
    network = Dists(weights["alpha"], weights["beta"])
    return with_weights(network, tensors, "DISTS", optional=r"(?!features\.).*")
