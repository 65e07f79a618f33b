"""The mean over everything in a frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def frame_means(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Mean over all but the first dimension, float64 (N,), of values, (N, ...)."""
    means: npt.NDArray[np.float64] = values.reshape(len(values), -1).mean(axis=1, dtype=np.float64)
    return means
