"""Damage to clips of the shapes world, by amount: what the features of `shapes-video` learn to notice.

Each kind stands for something that generators do wrong. An amount lies in [0, 1]; 0 changes nothing, and
the change grows with the amount, so features that tell the amount move smoothly with damage. Kinds that the
audit of metrics uses as well are in `video/damage.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from vbench_lite.video.damage import Images, blur, hold, jitter, noise, tint, to_uint8


def _dim(clip: Images, amount: float, rng: np.random.Generator) -> Images:
    """Down to two fifths of the brightness."""
    return clip * np.float32(1 - 0.6 * amount)


def _warp(clip: Images, amount: float, rng: np.random.Generator) -> Images:
    """Outlines wobble: a smooth displacement, up to about 3 pixels, half of it anew in every frame."""
    height, width = clip.shape[1:3]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    coarse = rng.standard_normal((len(clip) + 1, 7, 7, 2), dtype=np.float32)
    fields = 2.5 * amount * (coarse[0] + coarse[1:]) / np.sqrt(2)
    bent = []
    for frame, field in zip(clip, fields.astype(np.float32), strict=True):
        fine = np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC))
        bent.append(np.asarray(cv2.remap(frame, x + fine[..., 0], y + fine[..., 1], cv2.INTER_LINEAR)))
    return np.stack(bent)


def _ghost(clip: Images, amount: float, rng: np.random.Generator) -> Images:
    """Frames keep up to a half of the frame two before."""
    before = np.concatenate([clip[:1], clip[:1], clip[:-2]])
    return clip + np.float32(0.5 * amount) * (before - clip)


def _vanish(clip: Images, amount: float, rng: np.random.Generator) -> Images:
    """Up to half of the frames are black."""
    gone = rng.random(len(clip)) < 0.5 * amount
    return np.where(gone[:, None, None, None], np.float32(0), clip)


KINDS: dict[str, Callable[[Images, float, np.random.Generator], Images]] = {
    "warp": _warp,
    "jitter": jitter,
    "hold": hold,
    "ghost": _ghost,
    "vanish": _vanish,
    "tint": tint,
    "dim": _dim,
    "blur": blur,
    "noise": noise,
}


def damage(
    clip: npt.NDArray[np.uint8], amounts: npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Return a damaged clip, uint8 (T, H, W, 3); `amounts` follow the order of KINDS."""
    if not amounts.any():
        return clip
    image: Images = clip.astype(np.float32)
    for kind, amount in zip(KINDS.values(), amounts.tolist(), strict=True):
        if amount > 0:
            image = kind(image, amount, rng)
    return to_uint8(image)
