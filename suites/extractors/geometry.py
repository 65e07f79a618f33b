"""Resizes and crops that published preprocessings are made of. Frames in, uint8; float32 out, 0..255."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vbench_lite.arrays import Floats32
from vbench_lite.clip import Frames

if TYPE_CHECKING:
    import torch


def short_side(frames: Frames, side: int, *, antialias: bool, mode: str = "bilinear") -> Floats32:
    """Frames (N, H, W, 3) resized so that the shorter side is `side`, centre-cropped to a square.

    The longer side is int(side * long / short), the crop begins at round((long - side) / 2), as in
    torchvision.
    """
    height, width = frames.shape[1:3]
    short = min(height, width)
    size = (int(side * height / short), int(side * width / short))
    resized = resize(frames, size, antialias=antialias, mode=mode)
    top, left = round((size[0] - side) / 2), round((size[1] - side) / 2)
    return np.ascontiguousarray(resized[:, top : top + side, left : left + side])


def resize(frames: Frames, size: tuple[int, int], *, antialias: bool, mode: str = "bilinear") -> Floats32:
    """Frames (N, H, W, 3) to `size` (height, width), half-pixel centres, not rounded."""
    import torch
    from torch.nn import functional

    if frames.shape[1:3] == size:
        return frames.astype(np.float32)
    out = np.empty((len(frames), *size, 3), np.float32)
    options: dict[str, Any] = {"mode": mode, "align_corners": False, "antialias": antialias}
    with torch.inference_mode():
        for place, frame in enumerate(frames):  # one at a time: a chunk of large frames in float is large
            image = torch.tensor(frame).permute(2, 0, 1)[None].float()
            out[place] = functional.interpolate(image, size, **options)[0].permute(1, 2, 0).numpy()
    return out


def planes(frame: Frames) -> torch.Tensor:
    """A frame, uint8 (H, W, 3), as float32 (3, H, W) in 0..255."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1).float()
