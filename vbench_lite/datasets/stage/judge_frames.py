"""What single frames of the stage world show, measured without any network.

Muted backgrounds have almost no chroma, and the six object colors have much of it, each in another
direction. So the share of an object in a pixel is the length of the pixel's chroma along the color, and
the outline is matched with templates. Where another object covers a template, or the border cuts it,
only what can be seen of the template counts.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from vbench_lite.clip import Frames, check_frames
from vbench_lite.datasets.stage import render
from vbench_lite.datasets.stage.motion import SIZE
from vbench_lite.datasets.stage.words import COLORS, SHAPES, TEXTURES
from vbench_lite.errors import NotApplicable

Floats = npt.NDArray[np.float32]

LEAST_COVER = 8.0  # pixels of a color below which no outline is looked for
LEAST_CHROMA = 0.3  # share of a color's chroma below which a pixel is background
BACKGROUND = 0.05  # total cover below which a pixel is background
LEAST_ENERGY = 0.35  # share of a template that must be in view for a match

_NAMES = tuple(COLORS)
_WORDS, _HUES, _PHASES = len(SHAPES), len(COLORS), render.PERIOD
SCORES = slice(0, _HUES * _WORDS)
X = slice(SCORES.stop, SCORES.stop + _HUES * _WORDS)
Y = slice(X.stop, X.stop + _HUES * _WORDS)
COVER = slice(Y.stop, Y.stop + _HUES)
WALL = slice(COVER.stop, COVER.stop + len(TEXTURES) * _PHASES)
TONE = slice(WALL.stop, WALL.stop + 3)
FEATURE_DIM = TONE.stop


def per_frame(frames: Frames) -> Floats:
    """Measure each frame on its own.

    Args:
        frames: uint8 (T, 48, 48, 3) RGB.

    Returns:
        float32 (T, FEATURE_DIM): for every color and shape the best cosine, then x, then y of that match
        in pixels; pixels covered by each color; correlation of the background with each texture at each
        phase; mean RGB of the background.

    Raises:
        NotApplicable: the frames have another size.
    """
    check_frames(frames)
    if frames.shape[1:3] != (SIZE, SIZE):
        raise NotApplicable(f"the judge of the stage world reads frames of {SIZE}x{SIZE} pixels")
    out = np.zeros((len(frames), FEATURE_DIM), np.float32)
    for place, (row, frame) in enumerate(zip(out, frames, strict=True)):
        if place and np.array_equal(frame, frames[place - 1]):  # a frozen clip is measured once
            row[:] = out[place - 1]
            continue
        cover = covers(frame)
        row[COVER] = cover.sum(axis=(1, 2))
        scores, x, y = (row[part].reshape(_HUES, _WORDS) for part in (SCORES, X, Y))
        for hue in np.flatnonzero(row[COVER] >= LEAST_COVER):
            others = np.delete(cover, hue, axis=0).sum(axis=0)
            scores[hue], x[hue], y[hue] = _match(cover[hue], 1 - np.minimum(others, 1))
        row[WALL], row[TONE] = _background(frame, cover.sum(axis=0) < BACKGROUND)
    return out


def covers(frame: npt.NDArray[np.uint8]) -> Floats:
    """Share of every pixel that each color covers, float32 (colors, 48, 48) in [0, 1]."""
    rgb = frame.astype(np.float32)
    chroma = rgb - rgb.mean(axis=-1, keepdims=True)
    palette, length = _palette()
    along = chroma @ palette.T  # in pixels' units of chroma
    best = along.argmax(axis=-1)
    share = np.take_along_axis(along, best[..., None], -1)[..., 0] / length[best]
    share = np.where(share < LEAST_CHROMA, 0, np.minimum(share, 1))
    out: Floats = (np.arange(_HUES)[:, None, None] == best) * share
    return out.astype(np.float32)


@lru_cache(maxsize=1)
def _palette() -> tuple[Floats, Floats]:
    """Unit chroma of every color, (colors, 3), and its length."""
    rgb = np.array(list(COLORS.values()), np.float32)
    chroma = rgb - rgb.mean(axis=1, keepdims=True)
    length = np.linalg.norm(chroma, axis=1)
    return (chroma / length[:, None]).astype(np.float32), length.astype(np.float32)


@lru_cache(maxsize=1)
def templates() -> Floats:
    """Coverage of every shape with its center on the corner between pixels, float32 (shapes, side, side)."""
    return render.object_patches()[:, 0, 0]


@lru_cache(maxsize=1)
def _squares() -> Floats:
    """The templates squared."""
    return templates() ** 2


@lru_cache(maxsize=1)
def _least_energy() -> Floats:
    """What must be in view of each template for a match, float32 (shapes,)."""
    return np.array([LEAST_ENERGY * float(square.sum()) for square in _squares()], np.float32)


@lru_cache(maxsize=1)
def areas() -> Floats:
    """Pixels that each shape covers, float32 (shapes,)."""
    return np.asarray(templates().sum(axis=(1, 2)), np.float32)


def _match(cover: Floats, valid: Floats) -> tuple[Floats, Floats, Floats]:
    """Best cosine of every shape with what can be seen, and the center (x, y) of that match."""
    import cv2

    table = templates()
    pad = table.shape[1] - 1
    # Only where a template meets the object: from one side of it to the other.
    rows, columns = (np.flatnonzero(cover.any(axis=axis)) for axis in (1, 0))
    top_row, left_column = int(rows[0]), int(columns[0])
    window = (slice(top_row, int(rows[-1]) + 1 + 2 * pad), slice(left_column, int(columns[-1]) + 1 + 2 * pad))
    shown = np.pad(cover, pad)[window]
    seen = np.pad(valid, pad)[window]
    norm = float(np.linalg.norm(cover))
    both = np.stack([cv2.matchTemplate(shown, template, cv2.TM_CCORR) for template in table])
    energy = np.stack([cv2.matchTemplate(seen, square, cv2.TM_CCORR) for square in _squares()])
    enough = energy >= _least_energy()[:, None, None]
    cosine = np.where(enough, both / (norm * np.sqrt(np.maximum(energy, 1e-3))), 0)
    places = cosine.reshape(_WORDS, -1).argmax(axis=1)
    scores, x, y = np.zeros((3, _WORDS), np.float32)
    for index, (top, left) in enumerate(zip(*np.unravel_index(places, cosine.shape[1:]), strict=True)):
        scores[index] = cosine[index, top, left]
        y[index] = top_row + top + _peak(cosine[index, :, left], top) - pad + table.shape[1] // 2
        x[index] = left_column + left + _peak(cosine[index, top], left) - pad + table.shape[1] // 2
    return scores, x, y


def _peak(line: Floats, place: int) -> float:
    """Offset of the summit of a parabola through a maximum and its neighbours, in [-0.5, 0.5]."""
    if not 0 < place < len(line) - 1:
        return 0.0
    before, here, after = (float(v) for v in line[place - 1 : place + 2])
    curve = before - 2 * here + after
    return min(max(0.5 * (before - after) / curve, -0.5), 0.5) if curve < -1e-9 else 0.0


@lru_cache(maxsize=1)
def _tiles() -> Floats:
    """Every texture at every phase, float32 (textures * phases, 256)."""
    rows = [
        np.roll(render.tile(name), phase, axis=1).ravel() for name in TEXTURES for phase in range(_PHASES)
    ]
    return np.stack(rows)


def _background(frame: npt.NDArray[np.uint8], free: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Correlation of the free pixels with each texture and phase, and their mean RGB."""
    if not free.any():
        return np.zeros(len(TEXTURES) * _PHASES, np.float32), np.zeros(3, np.float32)
    light = frame.mean(axis=-1)
    mean = light[free].mean()
    spread = float(((light - mean)[free] ** 2).sum())

    def folded(values: npt.NDArray[np.floating]) -> Floats:
        parts = np.where(free, values, 0).reshape(SIZE // _PHASES, _PHASES, SIZE // _PHASES, _PHASES)
        return np.asarray(parts.sum(axis=(0, 2)).ravel(), np.float32)

    weight, total = folded(np.ones_like(light)), folded(light - mean)
    tiles = _tiles()
    middle = tiles @ weight / weight.sum()
    power = tiles**2 @ weight - middle**2 * weight.sum()
    scores = (tiles @ total) / np.sqrt(np.maximum(power * spread, 1e-3))
    return scores.astype(np.float32), frame[free].mean(axis=0).astype(np.float32)
