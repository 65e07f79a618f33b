"""MUSIQ: a transformer over 32x32 patches of an image at several sizes, which gives one score.

Written from the paper; details that the paper leaves open follow the published weights
(musiq_spaq_ckpt-358bb6af.pth): weight-standardised convolutions with TensorFlow's SAME padding, group
norms, patches flattened with channels last.

Source: Ke et al., MUSIQ: Multi-scale Image Quality Transformer (ICCV 2021).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PATCH = 32
LONG_SIDES = (224, 384)  # sizes that are looked at beside the image's own
GRID = 10  # positions are hashed to a grid of this side
_WIDTH, _MLP, _HEADS, _LAYERS, _STEM = 384, 1152, 6, 14, 64


@dataclass(frozen=True)
class Patches:
    """An image at all its sizes, cut into patches.

    Attributes:
        pixels: (B, N, 3, 32, 32). positions: int64 (N,), places in the hashed grid. scales: int64 (N,).
    """

    pixels: Tensor
    positions: Tensor
    scales: Tensor


class MusiqNetwork(nn.Module):
    """Images float32 (B, 3, H, W) in 0..1 to scores (B, 1), about 0..100 with the weights of SPAQ."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_root = StandardisedConv(3, _STEM, 7, 2, bias=False)
        self.gn_root = nn.GroupNorm(32, _STEM, eps=1e-6)
        self.block1 = Bottleneck(_STEM, 4 * _STEM)
        self.embedding = nn.Linear(4 * _STEM * (PATCH // 4) ** 2, _WIDTH)
        self.transformer_encoder = Encoder()
        self.head = nn.Linear(_WIDTH, 1)

    def forward(self, images: Tensor) -> Tensor:
        patches = cut(images * 2 - 1)
        batch, count = patches.pixels.shape[:2]
        x = F.relu(self.gn_root(self.conv_root(patches.pixels.flatten(0, 1))))
        x = F.max_pool2d(padded(x, 3, 2), 3, 2)  # what is padded is 0, and nothing is below 0
        x = self.block1(x).permute(0, 2, 3, 1)  # (B N, 8, 8, 256)
        tokens = self.embedding(x.reshape(batch, count, -1))
        score: Tensor = self.head(self.transformer_encoder(tokens, patches.positions, patches.scales))
        return score


class Encoder(nn.Module):
    """Tokens (B, N, 384) to the class token (B, 384)."""

    def __init__(self) -> None:
        super().__init__()
        self.posembed_input = Table("position_emb", 1, GRID * GRID, _WIDTH)
        self.scaleembed_input = Table("scale_emb", len(LONG_SIDES) + 1, _WIDTH)
        self.cls = nn.Parameter(torch.zeros(1, 1, _WIDTH))
        self.transformer = nn.ModuleDict({f"encoderblock_{i}": Block() for i in range(_LAYERS)})
        self.encoder_norm = nn.LayerNorm(_WIDTH, eps=1e-6)

    def forward(self, tokens: Tensor, positions: Tensor, scales: Tensor) -> Tensor:
        places, sizes = self.posembed_input.values, self.scaleembed_input.values
        tokens = tokens + places[0, positions] + sizes[scales]
        tokens = torch.cat([self.cls.expand(len(tokens), -1, -1), tokens], dim=1)
        for block in self.transformer.values():
            tokens = block(tokens)
        first: Tensor = self.encoder_norm(tokens[:, 0])
        return first


class Table(nn.Module):
    """Learned vectors under the name that they have in the file."""

    def __init__(self, name: str, *shape: int) -> None:
        super().__init__()
        self._name = name
        self.register_parameter(name, nn.Parameter(torch.zeros(shape)))

    @property
    def values(self) -> Tensor:
        return self.get_parameter(self._name)


class Block(nn.Module):
    """A transformer block, norm first."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(_WIDTH, eps=1e-6)
        self.attention = Attention()
        self.norm2 = nn.LayerNorm(_WIDTH, eps=1e-6)
        self.mlp = Perceptron()

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        moved: Tensor = x + self.mlp(self.norm2(x))
        return moved


class Perceptron(nn.Module):
    """Two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(_WIDTH, _MLP), nn.Linear(_MLP, _WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        moved: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return moved


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(_WIDTH, _WIDTH) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        parts = (layer(x).unflatten(-1, (_HEADS, -1)).transpose(1, 2) for layer in self._layers())
        mixed = F.scaled_dot_product_attention(*parts)
        result: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return result

    def _layers(self) -> tuple[nn.Linear, nn.Linear, nn.Linear]:
        return self.query, self.key, self.value


class Bottleneck(nn.Module):
    """A residual block of 1x1, 3x3 and 1x1 convolutions."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.conv1 = StandardisedConv(width, width, 1, 1, bias=False)
        self.gn1 = nn.GroupNorm(32, width, eps=1e-4)
        self.conv2 = StandardisedConv(width, width, 3, 1, bias=False)
        self.gn2 = nn.GroupNorm(32, width, eps=1e-4)
        self.conv3 = StandardisedConv(width, out, 1, 1, bias=False)
        self.gn3 = nn.GroupNorm(32, out, eps=1e-4)
        self.conv_proj = StandardisedConv(width, out, 1, 1, bias=False)
        self.gn_proj = nn.GroupNorm(32, out, eps=1e-4)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.gn1(self.conv1(x)))
        y = F.relu(self.gn2(self.conv2(y)))
        return F.relu(self.gn3(self.conv3(y)) + self.gn_proj(self.conv_proj(x)))


class StandardisedConv(nn.Conv2d):
    """A convolution whose kernels have mean 0 and deviation 1, with SAME padding."""

    def forward(self, x: Tensor) -> Tensor:
        centred = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        kernel = centred / (centred.std((1, 2, 3), keepdim=True) + 1e-5)
        return F.conv2d(padded(x, self.kernel_size[0], self.stride[0]), kernel, self.bias, self.stride)


def padded(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Zeros around the last two dimensions as TensorFlow's SAME has them: the odd one comes last."""
    edges = []
    for size in (x.shape[-1], x.shape[-2]):
        missing = max(0, (math.ceil(size / stride) - 1) * stride + kernel - size)
        edges += [missing // 2, missing - missing // 2]
    return F.pad(x, edges)


def cut(images: Tensor) -> Patches:
    """Cut images (B, 3, H, W) into patches: long side 224, long side 384, and as they are."""
    height, width = images.shape[-2:]
    pixels, positions, scales = [], [], []
    for scale, side in enumerate((*LONG_SIDES, None)):
        view = images
        if side is not None:
            ratio = side / max(height, width)
            view = F.interpolate(images, (round(height * ratio), round(width * ratio)), mode="bicubic")
        rows, columns = (math.ceil(size / PATCH) for size in view.shape[-2:])
        flat = F.unfold(padded(view, PATCH, PATCH), PATCH, stride=PATCH)  # (B, 3 32 32, N)
        pixels.append(flat.transpose(1, 2).unflatten(-1, (3, PATCH, PATCH)))
        place = hashed(rows)[:, None] * GRID + hashed(columns)[None]
        positions.append(place.flatten().to(images.device))
        scales.append(torch.full((rows * columns,), scale, device=images.device))
    return Patches(torch.cat(pixels, 1), torch.cat(positions), torch.cat(scales))


def hashed(count: int) -> Tensor:
    """Places 0..GRID-1 of `count` patches in a row, by nearest-neighbour resampling."""
    return F.interpolate(torch.arange(float(GRID))[None, None], count, mode="nearest")[0, 0].long()


def musiq_network(weights: Mapping[str, Tensor]) -> MusiqNetwork:
    """The network with weights by the names of musiq_spaq_ckpt-358bb6af.pth."""
    with torch.device("meta"):
        network = MusiqNetwork()
    network.load_state_dict(dict(weights), assign=True)
    return network
