"""A worker that makes steered sessions by a time-table: `scripted_worker.py NAME` (`live_clock` starts it).

It moves the given frame by whole pixels as it is told, so that the pixels too say when a control was used.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

FRAMES = 40
STEPS = {"W": (-1, 0), "A": (0, -1), "S": (1, 0), "D": (0, 1)}  # rows and columns a frame


@dataclass(frozen=True)
class TimeTable:
    """Pieces of `count` frames in `seconds` each; `ahead` frames are made and not handed over yet when it
    asks for a control, and another `delay` frames go by before it does as it was told."""

    count: int
    seconds: float
    ahead: int = 0
    delay: int = 0


TIME_TABLES = {
    "frame by frame, 50 ms": TimeTable(1, 0.05),
    "frame by frame, 200 ms": TimeTable(1, 0.2),
    "chunks of 4, 300 ms": TimeTable(4, 0.3),
    "chunks of 4, 800 ms": TimeTable(4, 0.8),
    "whole clip, 2.9 s": TimeTable(FRAMES, 2.9),
    "ahead by 3 frames, 50 ms": TimeTable(1, 0.05, ahead=3),
    "delayed by 3 frames, 50 ms": TimeTable(1, 0.05, delay=3),
}


def make_session(
    table: TimeTable,
    first: np.ndarray,
    control: Callable[..., Any],
    spend: Callable[[float], None],
    emit: Callable[[np.ndarray], None],
) -> None:
    """Make a session of `FRAMES` frames.

    Args:
        first: uint8 (H, W, 3).
        control: takes `ahead` and answers with keys.
        spend: takes the seconds of a piece.
        emit: takes frames uint8 (T, H, W, 3).
    """
    told: list[tuple[str, ...]] = []
    place = np.zeros(2, dtype=int)
    while len(told) < FRAMES:
        before = len(told)
        told += [control(ahead=table.ahead).keys] * min(table.count, FRAMES - before)
        spend(table.seconds)
        frames = []
        for frame in range(before, len(told)):
            used = frame - table.ahead - table.delay
            if frame and used >= 0:
                place += sum((np.array(STEPS[key]) for key in told[used]), np.zeros(2, dtype=int))
            frames.append(np.roll(first, place, axis=(0, 1)))
        emit(np.stack(frames))


def _generate(table: TimeTable, request: Any, context: Any) -> None:
    make_session(table, np.asarray(request.image), context.control, time.sleep, context.emit)


if __name__ == "__main__":
    worker = importlib.import_module("vbench_lite_worker")  # lies on the module path of a worker only
    worker.serve(partial(_generate, TIME_TABLES[sys.argv[1]]))
