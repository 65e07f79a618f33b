"""Training data of the reference generators: frames and clips of the shapes world, many at once.

Pairs held out by the shapes world never appear here.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbench_lite.datasets import shapes

PAIRS = [
    (c, s)
    for c, s in itertools.product(range(len(shapes.COLOURS)), range(len(shapes.SHAPES)))
    if (list(shapes.COLOURS)[c], shapes.SHAPES[s]) not in shapes.HELD_OUT
]
_COLOURS = np.array(list(shapes.COLOURS.values()), np.float32)
_UNITS = np.array(list(shapes.DIRECTIONS.values()))
_SPEEDS = np.array(list(shapes.SPEEDS.values()))
_SIZE = shapes.BASE_SIZE


@dataclass(frozen=True)
class Batch:
    """Scenes of many clips: captions int64 (N, 4) and centres float64 (N, T, 2) as (x, y)."""

    captions: npt.NDArray[np.int64]
    centres: npt.NDArray[np.float64]


def draw(rng: np.random.Generator, count: int, num_frames: int) -> Batch:
    """Draw clips with the start positions and bounces of the shapes world."""
    pairs = np.array(PAIRS)[rng.integers(len(PAIRS), size=count)]
    motion = rng.integers([len(_UNITS), len(_SPEEDS)], size=(count, 2))
    velocity = _UNITS[motion[:, 0]] * _SPEEDS[motion[:, 1]][:, None]
    travel = velocity * (shapes.CAPTION_HOLDS_FRAMES - 1)
    low = shapes.RADIUS + np.maximum(0, -travel)
    high = _SIZE - shapes.RADIUS - np.maximum(0, travel)
    start = rng.uniform(low, high)
    span = _SIZE - 2 * shapes.RADIUS
    times = np.arange(num_frames)[None, :, None]
    phase = np.mod(start[:, None] - shapes.RADIUS + times * velocity[:, None], 2 * span)
    centres = shapes.RADIUS + np.minimum(phase, 2 * span - phase)
    return Batch(np.concatenate([pairs, motion], 1).astype(np.int64), centres)


def paint(
    colour: npt.NDArray[np.int64], shape: npt.NDArray[np.int64], centre: npt.NDArray[np.float64]
) -> npt.NDArray[np.uint8]:
    """Paint N frames, uint8 (N, 32, 32, 3), equal to `shapes.render` at the same centres."""
    table = shapes.patches(1.0)
    phases, side = table.shape[1], table.shape[3]
    pixel, phase = np.divmod(np.rint(centre * phases).astype(np.int64), phases)
    cut = table[shape, phase[:, 1], phase[:, 0]][..., None] * _COLOURS[colour][:, None, None]
    frames = np.zeros((len(colour), _SIZE + 2 * side, _SIZE + 2 * side, 3), np.uint8)
    inside = np.arange(side)
    top = (pixel[:, 1] - side // 2 + side)[:, None] + inside
    left = (pixel[:, 0] - side // 2 + side)[:, None] + inside
    rows = np.arange(len(colour))[:, None, None]
    frames[rows, top[:, :, None], left[:, None, :]] = np.rint(cut)
    return frames[:, side:-side, side:-side]


def draw_frames(rng: np.random.Generator, count: int) -> npt.NDArray[np.uint8]:
    """Draw single frames at positions uniform over the frame, uint8 (N, 32, 32, 3)."""
    pairs = np.array(PAIRS)[rng.integers(len(PAIRS), size=count)]
    centre = rng.uniform(shapes.RADIUS, _SIZE - shapes.RADIUS, (count, 2))
    return paint(pairs[:, 0], pairs[:, 1], centre)
