"""Pictures of the shapes world: where the shape is in each frame, and what the frame looks like.

One shape of about twelve pixels (at 32x32) moves at constant velocity on black, stays inside the frame and
bounces at the border. Larger frames scale shape and velocity with the short side.

Rendering pastes anti-aliased patches that are rasterised once for each shape and sub-pixel phase, so clips
cost microseconds a frame. Positions are rounded to one phase (1/16 pixel at 32x32), far below what an 8-bit
frame can show.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from vbench_lite.arrays import Bools, Floats, Floats32
from vbench_lite.clip import Frames
from vbench_lite.datasets.shapes.scenes import (
    BASE_SIZE,
    CAPTION_HOLDS_FRAMES,
    COLOURS,
    DEFAULT_FRAMES,
    DIRECTIONS,
    HELD_OUT_STREAM,
    RADIUS,
    SHAPES,
    SPEEDS,
    Scene,
)


def scale(height: int, width: int) -> float:
    """Pixels of this frame for one pixel at 32x32."""
    return min(height, width) / BASE_SIZE


def sample_start(
    scene: Scene, rng: np.random.Generator, height: int = BASE_SIZE, width: int = BASE_SIZE
) -> tuple[float, float]:
    """Draw the first centre (x, y) in pixels: uniform where the caption holds for eight frames."""
    unit, ratio = SPEEDS[scene.speed] * scale(height, width), scale(height, width)
    start = []
    for component, side in zip(DIRECTIONS[scene.direction], (width, height), strict=True):
        low, high = RADIUS * ratio, side - RADIUS * ratio
        travel = component * unit * (CAPTION_HOLDS_FRAMES - 1)
        low, high = low + max(0.0, -travel), high - max(0.0, travel)
        start.append(float(rng.uniform(low, high)))
    return start[0], start[1]


def path(
    scene: Scene,
    start: tuple[float, float],
    num_frames: int,
    height: int = BASE_SIZE,
    width: int = BASE_SIZE,
) -> Floats:
    """Return the centre in every frame, float64 (T, 2) as (x, y) in pixels, bounces included."""
    ratio = scale(height, width)
    times = np.arange(num_frames, dtype=np.float64)
    columns = []
    for position, component, side in zip(start, DIRECTIONS[scene.direction], (width, height), strict=True):
        low, span = RADIUS * ratio, side - 2 * RADIUS * ratio
        unfolded = position - low + times * component * SPEEDS[scene.speed] * ratio
        phase = np.mod(unfolded, 2 * span)
        columns.append(low + np.minimum(phase, 2 * span - phase))
    return np.stack(columns, axis=1)


def _inside(shape: str, x: Floats, y: Floats) -> Bools:
    """Whether points lie in a shape of radius one; y grows downwards."""
    radius = np.hypot(x, y)
    ax, ay = np.abs(x), np.abs(y)
    match shape:
        case "circle":
            return radius <= 0.86
        case "square":
            return np.maximum(ax, ay) <= 0.98
        case "triangle":
            return (y <= 0.85) & (y >= -0.95 + 1.8 * ax)
        case "star":
            return _polygon_star(x, y)
        case "cross":
            return (np.minimum(ax, ay) <= 0.27) & (np.maximum(ax, ay) <= 0.98)
        case "diamond":  # taller than wide
            return ax / 0.62 + ay <= 1.0
        case "ring":
            return (radius <= 1.0) & (radius >= 0.58)
        case "heart":
            lobes = np.hypot(ax - 0.5, y + 0.45) <= 0.5
            return lobes | ((y >= -0.45) & (y <= 0.95) & (ax <= (0.95 - y) / 1.4))
        case "arrow":  # points to the right
            return ((ay <= 0.26) & (x >= -1.0) & (x <= 0.1)) | (
                (x >= 0.0) & (x <= 1.0) & (ay <= 0.95 * (1.0 - x))
            )
        case "crescent":  # opens to the right
            return (radius <= 1.0) & (np.hypot(x - 0.55, y) >= 0.85)
        case "hexagon":  # wider than tall, points to left and right
            return (ay <= 0.56) & (ax + 0.7 * ay <= 1.0)
        case "bar":
            return (ax <= 1.0) & (ay <= 0.32)
    raise ValueError(f"unknown shape {shape!r}")


def _polygon_star(x: Floats, y: Floats) -> Bools:
    """A five-pointed star with one point up: in polar form, between inner and outer radius."""
    outer, inner, turn = 1.0, 0.42, math.pi / 5
    angle = np.mod(np.arctan2(x, -y), 2 * turn)
    angle = np.minimum(angle, 2 * turn - angle)  # 0 at a point, `turn` at a notch
    # The edge from (outer, 0) to (inner, turn) as a line in polar coordinates.
    ex, ey = inner * math.cos(turn) - outer, inner * math.sin(turn)
    radius = np.hypot(x, y)
    px, py = radius * np.cos(angle) - outer, radius * np.sin(angle)
    return ex * py - ey * px >= 0


def phases(ratio: float) -> int:
    """Sub-pixel phases in each direction; fewer on large frames, where a pixel is smaller."""
    return max(2, round(16 / ratio)) if ratio > 1 else 16


@lru_cache(maxsize=4)
def patches(ratio: float) -> Floats32:
    """Rasterise every shape at every sub-pixel phase.

    Returns:
        float32 (shapes, phases, phases, side, side), coverage in [0, 1]. Patch [s, i, j] shows shape s
        with its centre i/phases below and j/phases right of the middle of pixel (side//2, side//2),
        less half a pixel: the centre lies at side//2 + i/phases from the patch's upper edge.
    """
    count = phases(ratio)
    reach = math.ceil(RADIUS * ratio) + 1
    side = 2 * reach + 1
    fine = side * count
    out = np.empty((len(SHAPES), count, count, side, side), np.float32)
    # Samples lie at the middles of fine cells; shifting the centre by one phase shifts whole cells.
    axis = (np.arange(-count, fine) + 0.5) / count - reach
    x, y = np.meshgrid(axis / (RADIUS * ratio), axis / (RADIUS * ratio))
    for index, shape in enumerate(SHAPES):
        mask = _inside(shape, x, y).astype(np.float32)
        for i, j in itertools.product(range(count), repeat=2):
            cut = mask[count - i : count - i + fine, count - j : count - j + fine]
            out[index, i, j] = cut.reshape(side, count, side, count).mean(axis=(1, 3))
    return out


def render(
    scene: Scene,
    start: tuple[float, float],
    num_frames: int = DEFAULT_FRAMES,
    height: int = BASE_SIZE,
    width: int = BASE_SIZE,
) -> Frames:
    """Render a clip in which nobody steers, uint8 (T, H, W, 3) RGB; raises as `render_centres`."""
    return render_centres(scene, path(scene, start, num_frames, height, width), height, width)


def render_centres(scene: Scene, centres: Floats, height: int, width: int) -> Frames:
    """Render a shape at these centres, float64 (T, 2) as (x, y) in pixels; uint8 (T, H, W, 3) RGB.

    Raises:
        ValueError: height or width is no multiple of 8, or there is no frame.
    """
    num_frames = len(centres)
    if height % 8 or width % 8 or min(height, width) < 16 or num_frames < 1:
        raise ValueError(
            f"the shapes world needs sizes that are multiples of 8 (at least 16) and at least one "
            f"frame, got {num_frames} frames of {width}x{height}"
        )
    ratio = scale(height, width)
    count = phases(ratio)
    table = _coloured_patches(ratio, scene.colour)[SHAPES.index(scene.shape)]
    side = table.shape[2]
    reach = side // 2
    clip = np.zeros((num_frames, height + 2 * side, width + 2 * side, 3), np.uint8)
    steps = np.rint(centres * count).astype(np.int64)
    pixel, phase = np.divmod(steps, count)
    for t in range(num_frames):
        left, top = pixel[t] - reach + side
        clip[t, top : top + side, left : left + side] = table[phase[t, 1], phase[t, 0]]
    return np.ascontiguousarray(clip[:, side:-side, side:-side])


@lru_cache(maxsize=12)
def _coloured_patches(ratio: float, colour: str) -> npt.NDArray[np.uint8]:
    """Patches of one colour, uint8 (shapes, phases, phases, side, side, 3)."""
    rgb = np.asarray(COLOURS[colour], np.float32)
    coloured: npt.NDArray[np.uint8] = np.rint(patches(ratio)[..., None] * rgb).astype(np.uint8)
    return coloured


def held_out_clip(
    scene: Scene,
    seed: int,
    num_frames: int = DEFAULT_FRAMES,
    height: int = BASE_SIZE,
    width: int = BASE_SIZE,
) -> Frames:
    """A real clip that is in no training or reference set; seed in [0, 2**31). uint8 (T, H, W, 3).

    A longer clip of the same scene, seed and size begins with the shorter one.
    """
    return real_clip(scene, HELD_OUT_STREAM + seed, num_frames, height, width)


def real_clip(
    scene: Scene,
    seed: int,
    num_frames: int = DEFAULT_FRAMES,
    height: int = BASE_SIZE,
    width: int = BASE_SIZE,
) -> Frames:
    """A real clip of a scene: the start is drawn from the seed. uint8 (T, H, W, 3)."""
    start = sample_start(scene, np.random.default_rng([seed, 0x57A27]), height, width)
    return render(scene, start, num_frames, height, width)
