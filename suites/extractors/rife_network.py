"""RIFE 3.8: the frame half-way between two others.

Three blocks refine, from coarse to fine, the flow from the middle to either frame and the share that each
frame has in a pixel. Where the coarsest look finds motion above 64 pixels, all three look at half the size.

Source: Huang et al., Real-Time Intermediate Flow Estimation for Video Frame Interpolation (ECCV 2022);
weights 3.8 of github.com/hzwer/Practical-RIFE (MIT).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MULTIPLE = 32  # of both sides; the coarsest look is at an eighth, and its block halves that twice
_WIDTH = 90
_SCALES = (4, 2, 1)
_FAR = 16  # times the coarsest scale: motion for which all looks are coarser by two


class RifeNetwork(nn.Module):
    """Two frames float32 (1, 3, H, W) in 0..1, sides multiples of 32, to the one between them."""

    def __init__(self) -> None:
        super().__init__()
        self.block0, self.block1, self.block2 = (FlowBlock() for _ in _SCALES)

    def forward(self, first: Tensor, last: Tensor) -> Tensor:
        flow = first.new_zeros(1, 4, *first.shape[-2:])
        share = flow[:, :1]
        trial, _ = self.block0(torch.cat([first, last, share], 1), flow, 2 * _SCALES[0])
        wider = 2 if trial.abs().max() > _FAR * _SCALES[0] else 1
        moved_first, moved_last = first, last
        for block, scale in zip((self.block0, self.block1, self.block2), _SCALES, strict=True):
            step, more = block(torch.cat([moved_first, moved_last, share], 1), flow, scale * wider)
            flow, share = flow + step, share + more
            moved_first, moved_last = warped(first, flow[:, :2]), warped(last, flow[:, 2:])
        part = torch.sigmoid(share)
        return moved_first * part + moved_last * (1 - part)


class FlowBlock(nn.Module):
    """A look at one scale: corrections of flow (1, 4, H, W) and of shares (1, 1, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        c = _WIDTH
        self.conv0 = nn.Sequential(_conv(11, c // 2, 2), _conv(c // 2, c, 2))
        for place in range(4):
            self.add_module(f"convblock{place}", nn.Sequential(_conv(c, c), _conv(c, c)))
        self.conv1, self.conv2 = _upwards(c, 4), _upwards(c, 1)

    def forward(self, images: Tensor, flow: Tensor, scale: int) -> tuple[Tensor, Tensor]:
        seen = self.conv0(torch.cat([_resized(images, 1 / scale), _resized(flow, 1 / scale) / scale], 1))
        for place in range(4):
            seen = self.get_submodule(f"convblock{place}")(seen) + seen
        return _resized(self.conv1(seen), scale) * scale, _resized(self.conv2(seen), scale)


def warped(image: Tensor, flow: Tensor) -> Tensor:
    """An image (1, 3, H, W) read at each pixel plus its flow (1, 2, H, W); beyond the edge, the edge."""
    height, width = image.shape[-2:]
    rows, columns = torch.meshgrid(
        torch.linspace(-1, 1, height, device=image.device),
        torch.linspace(-1, 1, width, device=image.device),
        indexing="ij",
    )
    x = columns + flow[:, 0] / ((width - 1) / 2)
    y = rows + flow[:, 1] / ((height - 1) / 2)
    return F.grid_sample(image, torch.stack([x, y], -1), padding_mode="border", align_corners=True)


def rife_network(weights: Mapping[str, Tensor]) -> RifeNetwork:
    """The network with weights by the names of flownet.pkl."""
    with torch.device("meta"):
        network = RifeNetwork()
    network.load_state_dict({name: weights[name] for name in network.state_dict()}, assign=True)
    return network


def _conv(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, outside, 3, stride, 1), nn.PReLU(outside))


def _upwards(inside: int, outside: int) -> nn.Sequential:
    half = inside // 2
    return nn.Sequential(
        nn.ConvTranspose2d(inside, half, 4, 2, 1), nn.PReLU(half), nn.ConvTranspose2d(half, outside, 4, 2, 1)
    )


def _resized(x: Tensor, scale: float) -> Tensor:
    return F.interpolate(x, scale_factor=scale, mode="bilinear", recompute_scale_factor=False)
