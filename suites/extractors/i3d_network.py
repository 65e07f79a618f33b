"""I3D: Inception-v1 inflated to three dimensions, Kinetics-400, as DeepMind published it.

TensorFlow's "SAME" padding everywhere (for an odd total one more at the end), batch norm without scale and
with epsilon 1e-3, average over 2x7x7 before the last convolution. Names of parameters are those of the usual
torch port. Source: Carreira & Zisserman, Quo vadis, action recognition? (CVPR 2017);
google-deepmind/kinetics-i3d.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from vbench_lite.suites.extractors.network import with_weights

Triple = tuple[int, int, int]
_MIXED = {
    "Mixed_3b": (192, (64, 96, 128, 16, 32, 32)),
    "Mixed_3c": (256, (128, 128, 192, 32, 96, 64)),
    "Mixed_4b": (480, (192, 96, 208, 16, 48, 64)),
    "Mixed_4c": (512, (160, 112, 224, 24, 64, 64)),
    "Mixed_4d": (512, (128, 128, 256, 24, 64, 64)),
    "Mixed_4e": (512, (112, 144, 288, 32, 64, 64)),
    "Mixed_4f": (528, (256, 160, 320, 32, 128, 128)),
    "Mixed_5b": (832, (256, 160, 320, 32, 128, 128)),
    "Mixed_5c": (832, (384, 192, 384, 48, 128, 128)),
}
_POOLS: dict[str, tuple[Triple, Triple]] = {
    "Conv3d_2b_1x1": ((1, 3, 3), (1, 2, 2)),  # the pool before this layer
    "Mixed_3b": ((1, 3, 3), (1, 2, 2)),
    "Mixed_4b": ((3, 3, 3), (2, 2, 2)),
    "Mixed_5b": ((2, 2, 2), (2, 2, 2)),
}


class I3D(nn.Module):
    """Clips, float32 (B, 3, T, 224, 224) in [-1, 1] with T >= 9, to logits averaged over time, (B, 400)."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv3d_1a_7x7 = Unit(3, 64, (7, 7, 7), (2, 2, 2))
        self.Conv3d_2b_1x1 = Unit(64, 64, (1, 1, 1))
        self.Conv3d_2c_3x3 = Unit(64, 192, (3, 3, 3))
        for name, (inputs, widths) in _MIXED.items():
            self.add_module(name, Mixed(inputs, widths))
        self.logits = nn.Module()
        self.logits.conv3d = nn.Conv3d(1024, 400, 1)

    def forward(self, clips: Tensor) -> Tensor:
        x = clips
        for name, layer in self.named_children():
            if name == "logits":
                continue
            if name in _POOLS:
                x = max_pool(x, *_POOLS[name])
            x = layer(x)
        x = functional.avg_pool3d(x, (2, 7, 7), stride=1)
        logits: Tensor = self.get_submodule("logits.conv3d")(x)
        return logits.flatten(2).mean(2)


class Unit(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: Triple, stride: Triple = (1, 1, 1)) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(inputs, outputs, kernel, stride, bias=False)
        self.bn = nn.BatchNorm3d(outputs, eps=1e-3)
        nn.init.ones_(self.bn.weight)  # there is no scale in the published weights

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.conv3d.kernel_size, self.conv3d.stride
        before, after = same_padding(x.shape[2:], kernel, stride)
        if before == after:  # the library pads without a copy
            x = functional.conv3d(x, self.conv3d.weight, None, stride, before)
        else:
            x = self.conv3d(pad(x, before, after))
        return functional.relu_(self.bn(x))


class Mixed(nn.Module):
    """Four branches side by side."""

    def __init__(self, inputs: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.b0 = Unit(inputs, widths[0], (1, 1, 1))
        self.b1a = Unit(inputs, widths[1], (1, 1, 1))
        self.b1b = Unit(widths[1], widths[2], (3, 3, 3))
        self.b2a = Unit(inputs, widths[3], (1, 1, 1))
        self.b2b = Unit(widths[3], widths[4], (3, 3, 3))
        self.b3b = Unit(inputs, widths[5], (1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        pooled = max_pool(x, (3, 3, 3), (1, 1, 1))
        return torch.cat([self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(pooled)], dim=1)


def max_pool(x: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Maximum over windows; zeros beside the border change nothing, as activations are not negative.

    One axis after the other by maxima of shifted slices: on a CPU ten times as quick as the library's pool.
    """
    before, after = same_padding(x.shape[2:], kernel, stride)
    if any(before) or any(after):
        x = pad(x, before, after)
    for axis, (width, step) in enumerate(zip(kernel, stride, strict=True), start=2):
        if width == 1 and step == 1:
            continue
        count = (x.shape[axis] - width) // step + 1
        shifted = [_every(x, axis, first, step, count) for first in range(width)]
        best = torch.maximum(shifted[0], shifted[1]) if width > 1 else shifted[0]
        for other in shifted[2:]:
            best = torch.maximum(best, other, out=best)
        x = best
    return x


def _every(x: Tensor, axis: int, first: int, step: int, count: int) -> Tensor:
    """A view of `count` places along an axis, from `first` on, `step` apart."""
    places = [slice(None)] * x.ndim
    places[axis] = slice(first, first + (count - 1) * step + 1, step)
    return x[tuple(places)]


def same_padding(
    sizes: Sequence[int], kernel: Sequence[int], stride: Sequence[int]
) -> tuple[list[int], list[int]]:
    """TensorFlow's "SAME": as many outputs as ceil(size / stride), the odd zero at the end."""
    totals = [
        max((-(-size // step) - 1) * step + width - size, 0)
        for size, width, step in zip(sizes, kernel, stride, strict=True)
    ]
    return [total // 2 for total in totals], [total - total // 2 for total in totals]


def pad(x: Tensor, before: list[int], after: list[int]) -> Tensor:
    """Zeros around the last three dimensions."""
    (t0, h0, w0), (t1, h1, w1) = before, after
    return functional.pad(x, (w0, w1, h0, h1, t0, t1))


def i3d(tensors: dict[str, Tensor]) -> I3D:
    """The network with weights of the key `i3d-k400`."""
    return with_weights(I3D(), tensors, "I3D", optional=r".*(bn\.weight|num_batches_tracked)")
