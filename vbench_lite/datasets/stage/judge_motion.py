"""Motion of one object of a clip: the path of the stage world that explains its track best."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vbench_lite.arrays import Bools, Floats, Floats32
from vbench_lite.datasets.stage import render
from vbench_lite.datasets.stage.motion import RADIUS, SIDES, SIZE, Walk
from vbench_lite.datasets.stage.words import CARDINAL, DIRECTIONS, SPEEDS

MOTION_FRAMES = 16  # motion, front and pan are read from this many first frames
RMS_ALLOWED = 2.5  # pixels between track and path
VARIANCE_LEFT = 0.25  # share of the track's variance that the path may leave unexplained
LEAST_VISIBLE = 0.3  # share of the frames that the track must cover
LEAST_FRAMES = 4  # fewer frames have no readable direction
START_GRID = 0.25  # pixels between tried starts


@dataclass(frozen=True)
class Fit:
    """A path: how the object moves and where it starts, float64 (2,)."""

    walk: Walk
    start: Floats


@lru_cache(maxsize=1)
def _candidates() -> tuple[list[Walk], Floats, Floats]:
    """Every walk of the world, starts (walks, 2, S) on a grid, and their paths (walks, 2, S, MOTION_FRAMES).

    Rows with fewer starts than the longest repeat their last one.
    """
    plain = [Walk(d, s) for d, s in itertools.product(DIRECTIONS, SPEEDS)]
    turning = [Walk(w.direction, w.speed, side=side) for w in plain for side in SIDES]
    walks = plain + [Walk(d, "quickly", leaves=True) for d in CARDINAL] + turning
    times = np.arange(MOTION_FRAMES, dtype=np.float64)
    count = round((SIZE - 2 * RADIUS) / START_GRID) + 1
    starts = np.empty((len(walks), 2, count))
    paths = np.empty((len(walks), 2, count, MOTION_FRAMES))
    for walk, rows, lines in zip(walks, starts, paths, strict=True):
        low, high = walk.box()
        for axis in range(2):
            rows[axis] = np.minimum(low[axis] + START_GRID * np.arange(count), high[axis])
        # The axes do not depend on each other, so both grids are walked at once.
        lines[:] = walk.path(rows.T, times).transpose(2, 0, 1)
    return walks, starts, paths


def fit_motion(track: Floats, visible: Bools) -> Fit | None:
    """The walk that comes nearest to a track in its visible frames, if it explains it.

    Frozen, shuffled and jumping tracks are explained by no path.

    Args:
        track: (T, 2), T at most MOTION_FRAMES.
        visible: (T,).
    """
    times = np.flatnonzero(visible)
    if len(track) < LEAST_FRAMES or len(times) < max(LEAST_FRAMES, LEAST_VISIBLE * len(track)):
        return None
    points = track[times]
    walks, starts, paths = _candidates()
    errors = ((paths[..., times] - points.T[:, None]) ** 2).mean(axis=-1)  # (walks, 2, S)
    least = errors.min(axis=-1).sum(axis=-1)
    best = int(least.argmin())
    if least[best] > min(RMS_ALLOWED**2, VARIANCE_LEFT * float(points.var(axis=0).sum())):
        return None
    places = errors[best].argmin(axis=-1)
    return Fit(walks[best], starts[best, [0, 1], places])


def cover_of(fit: Fit, shape: int, num_frames: int) -> Floats32:
    """What an object on this path covers of the frames, float32 (T, 48, 48) in [0, 1]."""
    table = render.object_patches()[shape, 0, 0]
    side = len(table)
    out = np.zeros((num_frames, SIZE + 2 * side, SIZE + 2 * side), np.float32)
    centers = fit.walk.path(fit.start, np.arange(num_frames, dtype=np.float64))
    corners = np.rint(np.clip(centers, -side // 2, SIZE + side // 2)).astype(int) - side // 2 + side
    for frame, (x, y) in zip(out, corners, strict=True):
        frame[y : y + side, x : x + side] = table
    return out[:, side:-side, side:-side]
