"""Batches to train the network of `shapes-video` with: clips of the shapes world, whole and troubled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from tools.shapes_damage import KINDS, damage
from vbench_lite.datasets import shapes
from vbench_lite.suites.extractors.shapes_network import Size

SCENES = shapes.all_scenes()
POINTS = (0, 5, 10, 15)  # frames whose positions are asked for
_FROZEN, _SHUFFLED = 1, 2


@dataclass
class Batch:
    """Clips and what is true of them; every tensor has the batch as its first axis."""

    frames: torch.Tensor  # float32 (B, 16, 3, 32, 32) in [0, 1]
    words: torch.Tensor  # int64 (B, 4): shape, colour, direction, speed
    positions: torch.Tensor  # float32 (B, 8) in [-1, 1]
    order: torch.Tensor  # int64 (B,): 0 moves, 1 frozen, 2 shuffled
    constant: torch.Tensor  # float32 (B,): 1 if the thing stays the same
    damage: torch.Tensor  # float32 (B, kinds), in [0, 1]


def _words(scene: shapes.Scene) -> list[int]:
    return [
        shapes.SHAPES.index(scene.shape),
        list(shapes.COLOURS).index(scene.colour),
        list(shapes.DIRECTIONS).index(scene.direction),
        list(shapes.SPEEDS).index(scene.speed),
    ]


def make_batch(count: int, rng: np.random.Generator, troubled: float = 1.0) -> Batch:
    """Render `count` clips, and freeze, shuffle, switch or damage a share `troubled` of them."""
    size = Size()
    clips, words, places = [], [], []
    order = np.zeros(count, np.int64)
    constant = np.ones(count, np.float32)
    amounts = np.zeros((count, len(KINDS)))
    for i in range(count):
        scene = SCENES[rng.integers(len(SCENES))]
        start = shapes.sample_start(scene, rng)
        clip = shapes.render(scene, start, size.frames)
        path = shapes.path(scene, start, size.frames)
        frames = np.arange(size.frames)
        if rng.random() < troubled:
            kind = rng.random()
            if kind < 0.12:
                order[i], frames = _FROZEN, np.full(size.frames, rng.integers(size.frames))
            elif kind < 0.24:
                order[i], frames = _SHUFFLED, rng.permutation(size.frames)
            elif kind < 0.32:
                other = SCENES[rng.integers(len(SCENES))]
                other = shapes.Scene(other.colour, other.shape, scene.direction, scene.speed)
                cut = rng.integers(3, size.frames - 3)
                clip[cut:] = shapes.render(other, start, size.frames)[cut:]
                constant[i] = float(other == scene)
            if order[i] == 0 and rng.random() < 0.75:
                amounts[i] = rng.random(len(KINDS)) * (rng.random(len(KINDS)) < 0.2)
                clip = damage(clip, amounts[i], rng)
        clips.append(clip[frames])
        places.append(path[frames][list(POINTS)] / (size.side / 2) - 1)
        words.append(_words(scene))
    frames_in = torch.from_numpy(np.stack(clips)).permute(0, 1, 4, 2, 3).float() / 255
    return Batch(
        frames_in,
        torch.tensor(words),
        torch.from_numpy(np.stack(places).astype(np.float32).reshape(count, -1)),
        torch.from_numpy(order),
        torch.from_numpy(constant),
        torch.from_numpy(amounts).float(),
    )
