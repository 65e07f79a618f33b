"""The judge of the shapes world: what a clip shows, found without any network.

A frame is matched against the twelve shapes at every position, in steps of a quarter pixel, by the
cosine between the frame's coverage and the template over the *whole* frame, so clutter lowers the
score as surely as a wrong outline does. A clip is judged from its frames: shape by the mean score,
colour by majority, direction and speed by fitting the sixteen reflected paths of the world to the
track of positions, identity by how many frames agree.

Frames larger than the base size are first reduced by area averaging to a short side of 32 pixels;
smaller ones are matched with templates of their own size. All positions here are in pixels of that
matched frame divided by its scale, that is, in pixels at 32x32.

The per-frame numbers (`per_frame`) are what the `shapes-judge` extractor stores, and every verdict is
a function of them (`judge_features`): a metric and a direct call are one computation.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vbench_lite.arrays import Bools, Floats, Floats32, Ints
from vbench_lite.clip import Frames, check_frames
from vbench_lite.datasets import shapes
from vbench_lite.errors import NotApplicable

SHAPE_SCORE_NEEDED = 0.8  # mean cosine over frames below which a clip shows no shape
FRAME_SCORE_NEEDED = 0.6  # best cosine below which a single frame shows nothing
COVERAGE_NEEDED = 12.0  # foreground in pixels at 32x32; the smallest shape covers about 40
MOTION_FRAMES = 16  # direction and speed are read from this many first frames
MOTION_RMS_ALLOWED = 2.0  # pixels at 32x32 between track and path
MOTION_VARIANCE_LEFT = 0.25  # share of the track's variance that the path may leave unexplained
MOTION_VISIBLE_NEEDED = 0.75  # share of those frames in which the shape is visible
MIN_MOTION_FRAMES = 4  # fewer frames have no readable direction

_STEPS = 4  # sub-pixel steps in each direction
_START_GRID = 0.125  # pixels between tried starts of a path
_WORDS = len(shapes.SHAPES)
_COLOUR_NAMES = tuple(shapes.COLOURS)

# Columns of a row of features.
_SCORES = slice(0, _WORDS)
_X = slice(_WORDS, 2 * _WORDS)
_Y = slice(2 * _WORDS, 3 * _WORDS)
_COLOURS = slice(3 * _WORDS, 3 * _WORDS + len(_COLOUR_NAMES))
_COVERAGE, _WIDTH, _HEIGHT = range(_COLOURS.stop, _COLOURS.stop + 3)
FEATURE_DIM = _HEIGHT + 1


@dataclass(frozen=True)
class Judgement:
    """What a clip shows.

    Attributes:
        shape, colour, direction, speed: words of the world, or None where nothing holds.
        identity: share of frames whose (shape, colour) is the clip's most frequent one; frames that
            show nothing count against it.
        track: float64 (T, 2), centre (x, y) of the best shape in pixels at 32x32; rows of frames that
            show nothing hold the best match all the same (see `visible`).
        visible: bool (T,), the frames that show a shape.
    """

    shape: str | None
    colour: str | None
    direction: str | None
    speed: str | None
    identity: float
    track: Floats
    visible: Bools


@dataclass(frozen=True)
class Readings:
    """What each frame of a clip shows.

    Attributes:
        outlines, colours: index of the best shape and colour, int64 (T,).
        visible: whether the frame shows a shape at all, bool (T,).
    """

    outlines: Ints
    colours: Ints
    visible: Bools

    def most_frequent(self, first: int | None = None) -> tuple[int, int] | None:
        """The (shape, colour) that most of the first frames show; None if none shows anything."""
        shown = self.visible[:first]
        seen = Counter(
            zip(self.outlines[:first][shown].tolist(), self.colours[:first][shown].tolist(), strict=True)
        )
        return seen.most_common(1)[0][0] if seen else None

    def agrees(self, thing: tuple[int, int] | None) -> Bools:
        """Whether each frame shows this (shape, colour), bool (T,).

        Raises:
            NotApplicable: there is no thing to agree with.
        """
        if thing is None:
            raise NotApplicable("the clip shows no shape that later frames could keep")
        right: Bools = (self.outlines == thing[0]) & (self.colours == thing[1])
        return self.visible & right


def frame_readings(features: Floats32) -> Readings:
    """What the frames of a clip show, by what `per_frame` measured, float32 (T, FEATURE_DIM)."""
    scores = features[:, _SCORES]
    visible = (features[:, _COVERAGE] >= COVERAGE_NEEDED) & (scores.max(axis=1) >= FRAME_SCORE_NEEDED)
    return Readings(scores.argmax(axis=1), features[:, _COLOURS].argmax(axis=1), visible)


def thing_of(scene: shapes.Scene) -> tuple[int, int]:
    """The (shape, colour) of a scene as indices of `Readings`."""
    return shapes.SHAPES.index(scene.shape), _COLOUR_NAMES.index(scene.colour)


def judge_clip(frames: Frames) -> Judgement:
    """Judge a clip, uint8 (T, H, W, 3) RGB."""
    return judge_features(per_frame(frames))


# --- frames -----------------------------------------------------------------------------------


def per_frame(frames: Frames) -> Floats32:
    """Measure each frame on its own.

    Args:
        frames: uint8 (T, H, W, 3) RGB.

    Returns:
        float32 (T, FEATURE_DIM): best cosine of each shape; x, then y, of that match for each shape in
        pixels at 32x32; cosine of the foreground with each colour; coverage in pixels at 32x32; width
        and height of the frame in pixels at 32x32.
    """
    check_frames(frames)
    frames = _reduce(frames)
    count, height, width = frames.shape[:3]
    ratio = shapes.scale(height, width)
    colours, alpha = _foreground(frames)
    scores, x, y = _match(alpha, ratio)
    out = np.empty((count, FEATURE_DIM), np.float32)
    out[:, _SCORES], out[:, _X], out[:, _Y], out[:, _COLOURS] = scores, x / ratio, y / ratio, colours
    out[:, _COVERAGE] = alpha.sum(axis=(1, 2)) / ratio**2
    out[:, _WIDTH], out[:, _HEIGHT] = width / ratio, height / ratio
    return out


def _reduce(frames: Frames) -> Frames:
    """Bring the short side down to 32 by area averaging; smaller frames stay as they are."""
    height, width = frames.shape[1:3]
    ratio = shapes.scale(height, width)
    if ratio <= 1:
        return frames
    import cv2

    size = (max(shapes.BASE_SIZE, round(width / ratio)), max(shapes.BASE_SIZE, round(height / ratio)))
    return np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames])


def _foreground(frames: Frames) -> tuple[Floats32, Floats32]:
    """Return each frame's cosine with every colour, (T, colours), and its coverage, (T, H, W) in [0, 1].

    The colour of a frame is the direction of its mean RGB, weighted by brightness; coverage is the
    projection of a pixel on the nearest colour of the palette.
    """
    rgb = frames.astype(np.float32)
    weight = rgb.max(axis=-1, keepdims=True)
    mean = (rgb * weight).sum(axis=(1, 2))
    palette = np.array([shapes.COLOURS[name] for name in _COLOUR_NAMES], np.float32)
    unit = palette / np.linalg.norm(palette, axis=1, keepdims=True)
    cosines = (mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-6)) @ unit.T
    nearest = palette[cosines.argmax(axis=1)]
    along = nearest / (nearest**2).sum(axis=1, keepdims=True)
    alpha = np.clip(np.einsum("thwc,tc->thw", rgb, along), 0.0, 1.0)
    return cosines, alpha


@lru_cache(maxsize=4)
def _templates(ratio: float) -> tuple[Floats32, Floats32, int]:
    """Unit templates for both stages of the search.

    Returns:
        coarse, float32 (shapes, side*side): centres on pixel corners.
        fine, float32 (shapes, offsets, wide*wide) with wide = side + 2: centres on a quarter-pixel
        grid less than one pixel from the middle, offsets = (2 * steps - 1)^2, row by row.
        side.
    """
    every = shapes.phases(ratio) // _STEPS
    table = shapes.patches(ratio)[:, ::every, ::every]
    side = table.shape[-1]
    reach = range(-(_STEPS - 1), _STEPS)
    fine = np.zeros((_WORDS, len(reach) ** 2, side + 2, side + 2), np.float32)
    for row, i in enumerate(reach):
        for column, j in enumerate(reach):
            (down, phase_y), (right, phase_x) = divmod(i, _STEPS), divmod(j, _STEPS)
            cut = fine[:, row * len(reach) + column, 1 + down :, 1 + right :]
            cut[:, :side, :side] = table[:, phase_y, phase_x]
    coarse = table[:, 0, 0].reshape(_WORDS, -1)
    fine = fine.reshape(_WORDS, len(reach) ** 2, -1)
    return _unit(coarse), _unit(fine), side


def _unit(vectors: Floats32) -> Floats32:
    scaled: Floats32 = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)
    return scaled


def _match(alpha: Floats32, ratio: float) -> tuple[Floats32, Floats32, Floats32]:
    """Return the best cosine of every shape and the centre (x, y) of that match, each (T, shapes).

    Two stages: every whole pixel, then quarter pixels around the best whole pixel of each shape. A
    template's correlation is smooth over a pixel, so this finds the maximum of the full search.
    """
    coarse, fine, side = _templates(ratio)
    count, height, width = alpha.shape
    reach = side // 2
    norm = np.maximum(np.linalg.norm(alpha.reshape(count, -1), axis=1), 1e-6)
    padded = np.pad(alpha, ((0, 0), (reach + 1, reach + 1), (reach + 1, reach + 1)))
    inner = padded[:, 1:-1, 1:-1]
    windows = np.lib.stride_tricks.sliding_window_view(inner, (side, side), axis=(1, 2))
    wide = side + 2
    around = np.lib.stride_tricks.sliding_window_view(padded, (wide, wide), axis=(1, 2))
    top, left = np.empty((2, count, _WORDS), np.int64)
    values = np.empty((count, *fine.shape[:2]), np.float32)
    # Frame by frame: the unfolded windows of one frame take a megabyte, and products of one size round
    # alike, so ties break alike whatever other frames come along.
    for t in range(count):
        best = (windows[t].reshape(height * width, -1) @ coarse.T).argmax(axis=0)
        top[t], left[t] = np.divmod(best, width)
        cut = around[t, top[t], left[t]].reshape(_WORDS, -1, 1)
        values[t] = (fine @ cut)[..., 0] / norm[t]
    offset = values.argmax(axis=2)
    row, column = np.divmod(offset, 2 * _STEPS - 1)
    scores = np.take_along_axis(values, offset[..., None], axis=2)[..., 0]
    x = left + (column - (_STEPS - 1)) / _STEPS
    y = top + (row - (_STEPS - 1)) / _STEPS
    return scores.astype(np.float32), x.astype(np.float32), y.astype(np.float32)


# --- clips ------------------------------------------------------------------------------------


def frame_size(features: Floats32) -> tuple[float, float]:
    """Width and height of a clip's frames in pixels at 32x32, by what `per_frame` measured."""
    return float(features[0, _WIDTH]), float(features[0, _HEIGHT])


def judge_features(features: Floats32) -> Judgement:
    """Judge a clip by what `per_frame` measured, float32 (T, FEATURE_DIM), T >= 1."""
    scores = features[:, _SCORES].astype(np.float64)
    readings = frame_readings(features)
    colours, visible = readings.colours, readings.visible
    thing = readings.most_frequent()
    mean = scores.mean(axis=0)
    best = int(mean.argmax())
    track = np.stack([features[:, _X][:, best], features[:, _Y][:, best]], axis=1).astype(np.float64)
    direction, speed = _motion(track, visible, *frame_size(features))
    colour = Counter(colours[visible].tolist()).most_common(1)
    return Judgement(
        shape=shapes.SHAPES[best] if mean[best] >= SHAPE_SCORE_NEEDED else None,
        colour=_COLOUR_NAMES[colour[0][0]] if colour else None,
        direction=direction,
        speed=speed,
        identity=0.0 if thing is None else float(readings.agrees(thing).mean()),
        track=track,
        visible=visible,
    )


def _motion(track: Floats, visible: Bools, width: float, height: float) -> tuple[str | None, str | None]:
    """Fit the sixteen (direction, speed) paths, bounces included, to a track, (T, 2).

    A path may start anywhere from where its caption holds as long as the world promises. The best one
    counts if it is near the track and explains the track much better than standing still does; so
    frozen, shuffled and jumping clips have neither direction nor speed.
    """
    total = min(MOTION_FRAMES, len(track))
    times = np.flatnonzero(visible[:total])
    if total < MIN_MOTION_FRAMES or len(times) < MOTION_VISIBLE_NEEDED * total:
        return None, None
    points = track[times]
    holds = min(shapes.CAPTION_HOLDS_FRAMES, total) - 1
    fits: dict[tuple[int, float], float] = {}
    best: tuple[float, str, str] = (math.inf, "", "")
    for direction, vector in shapes.DIRECTIONS.items():
        for speed, pixels in shapes.SPEEDS.items():
            error = 0.0
            for axis, side in enumerate((width, height)):
                key = (axis, vector[axis] * pixels)
                if key not in fits:
                    fits[key] = _fit_axis(points[:, axis], times, key[1], side, holds)
                error += fits[key]
            best = min(best, (error, direction, speed))
    rms = math.sqrt(best[0])
    still = float(points.var(axis=0).sum())
    if rms > MOTION_RMS_ALLOWED or best[0] > MOTION_VARIANCE_LEFT * still:
        return None, None
    return best[1], best[2]


def _fit_axis(positions: Floats, times: Ints, velocity: float, side: float, holds: int) -> float:
    """Least mean squared error of a reflected path with this velocity, over all starts that are allowed."""
    span = side - 2 * shapes.RADIUS
    travel = velocity * holds
    low, high = max(0.0, -travel), span - max(0.0, travel)
    starts = np.linspace(low, high, max(1, round((high - low) / _START_GRID)) + 1)
    phase = np.mod(starts[:, None] + velocity * times, 2 * span)
    folded = shapes.RADIUS + np.minimum(phase, 2 * span - phase)
    return float(((folded - positions) ** 2).mean(axis=1).min())
