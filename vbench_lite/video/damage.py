"""Known damage to a clip, by amount: one small function for each thing that goes wrong with videos.

Every function takes frames float32 (T, H, W, 3) in levels 0..255, an amount in [0, 1] and, where chance
plays a part, a random generator; it returns frames of the same size. Amount 0 changes nothing and the change
grows with the amount. Distances in pixels are those on frames of 32 pixels and grow with
the shorter side.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.float32]  # (T, H, W, 3) in levels
Rng = np.random.Generator

_BASE_SIDE = 32


def _ratio(clip: Images) -> float:
    """Pixels of this clip for one pixel at 32x32."""
    return float(min(clip.shape[1:3])) / _BASE_SIDE


# --- every frame on its own ------------------------------------------------------------------


def noise(clip: Images, amount: float, rng: Rng) -> Images:
    """Independent noise, sigma up to 50 levels."""
    return clip + np.float32(50 * amount) * rng.standard_normal(clip.shape, dtype=np.float32)


def blur(clip: Images, amount: float, rng: Rng | None = None) -> Images:
    """Gaussian blur, sigma 0.3 to 1.8 pixels."""
    if amount == 0:
        return clip
    side = 2 * round(4 * _ratio(clip)) + 1
    sigma = (0.3 + 1.5 * amount) * _ratio(clip)
    return np.stack([np.asarray(cv2.GaussianBlur(frame, (side, side), sigma)) for frame in clip])


def tint(clip: Images, amount: float, rng: Rng) -> Images:
    """Channels leak into their neighbours, up to a half; the same in every frame."""
    return clip + np.float32(0.5 * amount) * (np.roll(clip, 1 + int(rng.integers(2)), axis=-1) - clip)


def compress(clip: Images, amount: float) -> Images:
    """JPEG of every frame, quality 90 down to 5."""
    if amount == 0:
        return clip
    quality = round(90 - 85 * amount)
    frames = to_uint8(clip)
    done = []
    for frame in frames:
        coded = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        done.append(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1])
    return np.stack(done).astype(np.float32)


# --- across frames ---------------------------------------------------------------------------


def jitter(clip: Images, amount: float, rng: Rng) -> Images:
    """Each frame shifts on its own, sigma up to 2 pixels."""
    shifts = rng.normal(0, 2 * amount * _ratio(clip), (len(clip), 2))
    size = (clip.shape[2], clip.shape[1])
    moved = [
        np.asarray(cv2.warpAffine(frame, np.array([[1, 0, x], [0, 1, y]], np.float32), size))
        for frame, (x, y) in zip(clip, shifts, strict=True)
    ]
    return np.stack(moved)


def flicker(clip: Images, amount: float) -> Images:
    """Frames are in turn brighter and darker, by up to a third."""
    gains = 1 + amount / 3 * np.where(np.arange(len(clip)) % 2, -1.0, 1.0)
    return clip * gains.astype(np.float32)[:, None, None, None]


def drift(clip: Images, amount: float) -> Images:
    """Colour and detail fade steadily, up to none of them in the last frame."""
    faded = blur(np.repeat(clip.mean(axis=-1, keepdims=True), 3, axis=-1), 1.0)
    weights = np.linspace(0, amount, len(clip), dtype=np.float32)[:, None, None, None]
    return clip + weights * (faded - clip)


def hold(clip: Images, amount: float, rng: Rng) -> Images:
    """Up to two thirds of the frames repeat the one before."""
    held = rng.random(len(clip)) < 0.67 * amount
    held[0] = False
    return clip[np.maximum.accumulate(np.where(held, 0, np.arange(len(clip))))]


def freeze(clip: Images, amount: float) -> Images:
    """The clip stops: its last part, up to all of it, repeats one frame."""
    last = round((1 - amount) * (len(clip) - 1))
    frozen: Images = clip[np.minimum(np.arange(len(clip)), last)]
    return frozen


def drop(clip: Images, amount: float, rng: Rng, frames: int) -> Images:
    """Frames are missing, up to a third of those between the first and the last that is left.

    Args:
        clip: at least 3/2 as long as the result, which shows what comes after `frames` as well.
    """
    among = frames + round(amount * frames / 2)
    lost = rng.permutation(np.arange(1, among))[: among - frames]
    kept: Images = clip[np.setdiff1d(np.arange(among), lost)]
    return kept


def shuffle(clip: Images, amount: float, rng: Rng) -> Images:
    """Up to all frames change places with one another; none of those stays where it was."""
    count = round(amount * len(clip))
    order = np.arange(len(clip))
    if count > 1:
        chosen = rng.permutation(len(clip))[:count]
        order[chosen] = np.roll(chosen, 1)
    return clip[order]


def reverse(clip: Images) -> Images:
    """The clip runs backwards."""
    return clip[::-1]


def swap(clip: Images, amount: float, other: Images) -> Images:
    """The last part, up to half of the clip, shows another clip of the same size and length."""
    start = len(clip) - round(amount * len(clip) / 2)
    return np.concatenate([clip[:start], other[start:]])


def to_uint8(clip: Images) -> npt.NDArray[np.uint8]:
    """Frames as they are stored, uint8 (T, H, W, 3)."""
    return np.clip(np.rint(clip), 0, 255).astype(np.uint8)
