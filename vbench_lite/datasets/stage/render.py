"""Frames of the stage world: a panning texture and two anti-aliased objects, the first in front."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vbench_lite.arrays import Floats, Floats32, Ints
from vbench_lite.clip import Frames
from vbench_lite.datasets import shapes
from vbench_lite.datasets.stage import motion
from vbench_lite.datasets.stage.motion import SIZE
from vbench_lite.datasets.stage.words import COLORS, PANS, SHAPES, TEXTURES, TINTS, Scene

FPS = 8.0
DEFAULT_FRAMES = 16
PERIOD = 16  # pixels after which every texture repeats
# Clips that generators are measured with come from seeds in [HELD_OUT_STREAM, HELD_OUT_STREAM + 2**31).
# Training and reference sets use seeds far below, so no clip of theirs is ever one of them.
HELD_OUT_STREAM = 0x57A6E << 40
_RATIO = motion.RADIUS / shapes.RADIUS


@dataclass(frozen=True)
class Layout:
    """Where everything is in every frame of a clip.

    Attributes:
        walks: how the objects move.
        centers: float64 (2, T, 2), centers (x, y) of the first and the second object in pixels.
        phases: int64 (T,), how far the texture is moved to the right, in pixels.
    """

    walks: tuple[motion.Walk, motion.Walk]
    centers: Floats
    phases: Ints


def layout(scene: Scene, seed: int, num_frames: int = DEFAULT_FRAMES) -> Layout:
    """What chance leaves open, drawn from the seed; a longer layout begins with the shorter one."""
    rng = np.random.default_rng([seed, 0x1A7])
    both = motion.walks(scene, rng)
    begins = motion.starts(scene, both, rng)
    times = np.arange(num_frames, dtype=np.float64)
    centers = np.stack([walk.path(start, times) for walk, start in zip(both, begins, strict=True)])
    phases = int(rng.integers(PERIOD)) + PANS[scene.pan] * np.arange(num_frames)
    return Layout(both, centers, phases)


def render(scene: Scene, placed: Layout) -> Frames:
    """Paint a clip, uint8 (T, 48, 48, 3) RGB."""
    wall = wallpaper(scene.tint, scene.texture)
    lefts = -placed.phases % PERIOD
    walls = np.stack([wall[:, left : left + SIZE] for left in lefts])
    return paint(walls, scene, placed, (COLORS[scene.first.color], COLORS[scene.second.color]))


def visible(scene: Scene, placed: Layout) -> Frames:
    """How much of each pixel is the first and the second object, uint8 (T, 48, 48, 2), 255 is all of it."""
    black = np.zeros((len(placed.phases), SIZE, SIZE, 3), np.float32)
    return paint(black, scene, placed, ((255, 0, 0), (0, 255, 0)))[..., :2]


def paint(
    walls: Floats32, scene: Scene, placed: Layout, rgb: tuple[tuple[int, ...], tuple[int, ...]]
) -> Frames:
    """Paint the second and then the first object over backgrounds (T, 48, 48, 3), in these two colors."""
    table = object_patches()
    count, side = table.shape[1], table.shape[3]
    reach = side // 2
    frames = np.pad(walls, ((0, 0), (side, side), (side, side), (0, 0)))
    # Far outside, an object is clipped to the margin that is cut off below.
    steps = np.rint(np.clip(placed.centers, -reach, SIZE + reach) * count).astype(np.int64)
    pixel, phase = np.divmod(steps, count)
    for number, thing in ((1, scene.second), (0, scene.first)):
        patches = table[SHAPES.index(thing.shape)]
        color = np.asarray(rgb[number], np.float32)
        corners = pixel[number] - reach + side
        for t in range(len(frames)):
            x, y = corners[t]
            cover = patches[phase[number, t, 1], phase[number, t, 0]][..., None]
            cut = frames[t, y : y + side, x : x + side]
            cut += cover * (color - cut)
    return np.rint(frames[:, side:-side, side:-side]).astype(np.uint8)


def real_clip(scene: Scene, seed: int, num_frames: int = DEFAULT_FRAMES) -> Frames:
    """A real clip of a scene, uint8 (T, 48, 48, 3); a longer one begins with the shorter one.

    Raises:
        ValueError: num_frames is below one.
    """
    if num_frames < 1:
        raise ValueError(f"a clip of the stage world has at least one frame, got {num_frames}")
    return render(scene, layout(scene, seed, num_frames))


def held_out_clip(scene: Scene, seed: int, num_frames: int = DEFAULT_FRAMES) -> Frames:
    """A real clip that is in no training or reference set; seed in [0, 2**31). uint8 (T, 48, 48, 3)."""
    return real_clip(scene, HELD_OUT_STREAM + seed, num_frames)


@lru_cache(maxsize=1)
def object_patches() -> Floats32:
    """Coverage of every shape at every sub-pixel phase, float32 (shapes, phases, phases, side, side).

    Laid out like `shapes.patches`: the center lies at side//2 + i/phases from the upper edge.
    """
    return shapes.patches(_RATIO)[[shapes.SHAPES.index(name) for name in SHAPES]]


@lru_cache(maxsize=8)
def tile(texture: str) -> Floats32:
    """One period of a texture, float32 (16, 16) in [0, 1]: 0 is its dark tone and 1 its light one."""
    x, y = np.meshgrid(np.arange(PERIOD) + 0.5, np.arange(PERIOD) + 0.5)
    turn = 2 * np.pi / PERIOD
    match texture:
        case "stripes":
            wave = np.sin(2 * turn * x)
        case "diagonals":
            wave = np.sin(turn * (x + y))
        case "checks":
            wave = 1.6 * np.sin(turn * x) * np.sin(turn * y)
        case "dots":
            wave = 1.4 - 0.45 * np.hypot(x - 8, y - 8)
        case "grid":
            wave = 0.9 * np.maximum(np.cos(turn * (x - 8)), np.cos(turn * (y - 8))) ** 3 * 2 - 0.9
        case "waves":
            wave = np.sin(2 * turn * (y + 2.5 * np.sin(turn * x)))
        case _:
            raise ValueError(f"unknown texture {texture!r}")
    return np.asarray(0.5 + 0.5 * np.tanh(2 * wave), np.float32)


@lru_cache(maxsize=len(TEXTURES) * len(TINTS))
def wallpaper(tint: str, texture: str) -> Floats32:
    """A background one period wider than the frame, float32 (48, 64, 3) in [0, 255]."""
    dark, light = (np.asarray(tone, np.float32) for tone in TINTS[tint])
    share = np.tile(tile(texture), (SIZE // PERIOD, SIZE // PERIOD + 1))[..., None]
    return np.asarray(dark + share * (light - dark), np.float32)
