"""Initial noise on the way from one draw to another."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

_STREAM = 0x3A1C  # apart from every other use of a sample's seed


def noise_on_walk(place: float, seed: int, num_frames: int, dim: int) -> npt.NDArray[np.float64]:
    """Noise at a place in [0, 1] between the two draws of a seed, float64 (num_frames, dim).

    The walk is cos and sin of a quarter turn, so that every place is standard normal noise as the ends are,
    and equal steps are equal angles.
    """
    first, second = np.random.default_rng([seed, _STREAM]).standard_normal((2, num_frames, dim))
    angle = place * math.pi / 2
    noise: npt.NDArray[np.float64] = math.cos(angle) * first + math.sin(angle) * second
    return noise
