"""Means over everything in a frame, and how two of them compare."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from vbench_lite.arrays import Floats

_LEVEL = 1 / 255  # added to both sides of a ratio of steps: rounding of a still picture is no step


def frame_means(values: npt.NDArray[Any]) -> Floats:
    """Mean over all but the first dimension, float64 (N,), of values, (N, ...)."""
    means: Floats = values.reshape(len(values), -1).mean(axis=1, dtype=np.float64)
    return means


def step_ratio(step: float, other: float) -> float:
    """log2 of two mean differences of neighbouring frames, in [0, 1]: 1 if the first is twice as large."""
    return math.log2((step + _LEVEL) / (other + _LEVEL))
