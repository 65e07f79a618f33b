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

from vbench_lite.arrays import Bools, Floats32
from vbench_lite.clip import Frames, check_frames
from vbench_lite.datasets.stage import render
from vbench_lite.datasets.stage.motion import SIZE
from vbench_lite.datasets.stage.words import COLORS, SHAPES, TEXTURES
from vbench_lite.errors import NotApplicable

Spectra = npt.NDArray[np.complex64]

LEAST_COVER = 8.0  # pixels of a color below which no outline is looked for
LEAST_CHROMA = 0.3  # share of a color's chroma below which a pixel is background
BACKGROUND = 0.05  # total cover below which a pixel is background
AT_ONCE = 16  # frames measured together
LEAST_ENERGY = 0.35  # share of a template that must be in view for a match

ROOM = 64  # pixels of a side of a frame and of one template less a pixel
_MARGIN = ((0, 0), (ROOM - SIZE, 0), (ROOM - SIZE, 0))
_WORDS, _HUES, _PHASES = len(SHAPES), len(COLORS), render.PERIOD
SCORES = slice(0, _HUES * _WORDS)
X = slice(SCORES.stop, SCORES.stop + _HUES * _WORDS)
Y = slice(X.stop, X.stop + _HUES * _WORDS)
COVER = slice(Y.stop, Y.stop + _HUES)
WALL = slice(COVER.stop, COVER.stop + len(TEXTURES) * _PHASES)
TONE = slice(WALL.stop, WALL.stop + 3)
FEATURE_DIM = TONE.stop


def per_frame(frames: Frames) -> Floats32:
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
    first = np.ones(len(frames), np.bool_)  # a frozen clip is measured once
    first[1:] = (frames[1:] != frames[:-1]).any(axis=(1, 2, 3))
    changed = frames[first]
    parts = [_measure(changed[start : start + AT_ONCE]) for start in range(0, len(changed), AT_ONCE)]
    out: Floats32 = np.concatenate(parts)[np.cumsum(first) - 1]
    return out


def _measure(frames: Frames) -> Floats32:
    """The same of a few frames, none of which repeats the one before it."""
    out = np.zeros((len(frames), FEATURE_DIM), np.float32)
    cover = covers(frames)
    out[:, COVER] = cover.sum(axis=(2, 3))
    whole = cover.sum(axis=1)
    scores, x, y = (out[:, part].reshape(-1, _HUES, _WORDS) for part in (SCORES, X, Y))
    place = out[:, COVER] >= LEAST_COVER
    if place.any():
        found = cover[place]
        scores[place], x[place], y[place] = _match(found, 1 - (whole[place.nonzero()[0]] - found))
    for row, frame, free in zip(out, frames, whole < BACKGROUND, strict=True):
        row[WALL], row[TONE] = _background(frame, free)
    return out


def covers(frames: Frames) -> Floats32:
    """Share of a pixel that each color covers, one color a pixel; float32 (T, colors, 48, 48) in [0, 1]."""
    rgb = frames.astype(np.float32)
    chroma = rgb - rgb.mean(axis=-1, keepdims=True)
    palette, length = _palette()
    along = chroma @ palette.T  # in pixels' units of chroma
    best = along.argmax(axis=-1)
    share = np.take_along_axis(along, best[..., None], -1)[..., 0] / length[best]
    share = np.where(share < LEAST_CHROMA, 0, np.minimum(share, 1))
    return np.where(np.arange(_HUES)[:, None, None] == best[:, None], share[:, None], np.float32(0))


@lru_cache(maxsize=1)
def _palette() -> tuple[Floats32, Floats32]:
    """Unit chroma of every color, (colors, 3), and its length."""
    rgb = np.array(list(COLORS.values()), np.float32)
    chroma = rgb - rgb.mean(axis=1, keepdims=True)
    length = np.linalg.norm(chroma, axis=1)
    return (chroma / length[:, None]).astype(np.float32), length.astype(np.float32)


@lru_cache(maxsize=1)
def templates() -> Floats32:
    """Coverage of every shape with its center on the corner between pixels, float32 (shapes, side, side)."""
    return render.object_patches()[:, 0, 0]


@lru_cache(maxsize=1)
def _spectra() -> tuple[Spectra, Spectra]:
    """Conjugate transforms of the templates and of their squares, complex64 (shapes, ROOM, ROOM//2 + 1)."""
    from scipy import fft

    both = (fft.rfft2(table, (ROOM, ROOM)).conj() for table in (templates(), templates() ** 2))
    return next(both), next(both)


@lru_cache(maxsize=1)
def areas() -> Floats32:
    """Pixels that each shape covers, float32 (shapes,)."""
    return np.asarray(templates().sum(axis=(1, 2)), np.float32)


def _match(cover: Floats32, valid: Floats32) -> tuple[Floats32, Floats32, Floats32]:
    """Best cosine of every shape with what can be seen, and the center (x, y) of that match.

    Args:
        cover: share of every pixel that an object covers, (objects, 48, 48).
        valid: share of every pixel that no other object covers, (objects, 48, 48).

    Returns:
        Three float32 (objects, shapes).
    """
    from scipy import fft

    side = templates().shape[1]
    # Circular correlations: the margin of one template is all that wraps around.
    both, energy = (
        fft.irfft2(fft.rfft2(np.pad(part, _MARGIN))[:, None] * spectra, (ROOM, ROOM))
        for part, spectra in zip((cover, valid), _spectra(), strict=True)
    )
    norm = np.linalg.norm(cover, axis=(1, 2))[:, None, None, None]
    enough = energy >= LEAST_ENERGY * (templates() ** 2).sum(axis=(1, 2))[:, None, None]
    np.divide(both, norm * np.sqrt(energy, where=enough, out=energy), where=enough, out=both)
    cosine = np.where(enough, both, 0)
    top, left = np.unravel_index(cosine.reshape(*cosine.shape[:2], -1).argmax(axis=-1), cosine.shape[2:])
    index = (*np.indices(top.shape, sparse=True),)
    corner = side // 2 - (side - 1)  # of the template's center from where its match is written
    return (
        cosine[*index, top, left],
        left + _peak(cosine[*index, top], left) + corner,
        top + _peak(cosine[*index, :, left], top) + corner,
    )


def _peak(lines: Floats32, place: npt.NDArray[np.intp]) -> Floats32:
    """Offset of the summit of a parabola through a maximum and its neighbors, in [-0.5, 0.5].

    Args:
        lines: (objects, shapes, places).
        place: of the maximum of each line, (objects, shapes).
    """
    inside = (place > 0) & (place < lines.shape[-1] - 1)
    near = np.where(inside, place, 1)[..., None] + np.arange(-1, 2)
    before, here, after = np.moveaxis(np.take_along_axis(lines, near, axis=-1), -1, 0)
    curve = before - 2 * here + after
    found = np.divide(0.5 * (before - after), curve, where=curve < -1e-9, out=np.zeros_like(curve))
    return np.where(inside, np.clip(found, -0.5, 0.5), np.float32(0))


@lru_cache(maxsize=1)
def _tiles() -> Floats32:
    """Every texture at every phase, float32 (textures * phases, 256)."""
    rows = [
        np.roll(render.tile(name), phase, axis=1).ravel() for name in TEXTURES for phase in range(_PHASES)
    ]
    return np.stack(rows)


def _background(frame: npt.NDArray[np.uint8], free: Bools) -> tuple[Floats32, Floats32]:
    """Correlation of the free pixels with each texture and phase, and their mean RGB."""
    if not free.any():
        return np.zeros(len(TEXTURES) * _PHASES, np.float32), np.zeros(3, np.float32)
    light = frame.mean(axis=-1)
    mean = light[free].mean()
    spread = float(((light - mean)[free] ** 2).sum())

    def folded(values: npt.NDArray[np.floating]) -> Floats32:
        parts = np.where(free, values, 0).reshape(SIZE // _PHASES, _PHASES, SIZE // _PHASES, _PHASES)
        return np.asarray(parts.sum(axis=(0, 2)).ravel(), np.float32)

    weight, total = folded(np.ones_like(light)), folded(light - mean)
    tiles = _tiles()
    middle = tiles @ weight / weight.sum()
    power = tiles**2 @ weight - middle**2 * weight.sum()
    scores = (tiles @ total) / np.sqrt(np.maximum(power * spread, 1e-3))
    return scores.astype(np.float32), frame[free].mean(axis=0).astype(np.float32)
