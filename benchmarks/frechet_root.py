"""Fréchet distance at 2048 features: without a matrix square root, and with SciPy's dense one."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from benchmarks.figure import Figure, summarise
from vbench_lite.stats.frechet import frechet_distance

Matrix = npt.NDArray[np.float64]
DIM = 2048  # of FID
FEW, MANY = 512, 4096
REPEATS = 3


def measure() -> list[Figure]:
    """How many times as quick as the dense root, and how far apart the values are."""
    figures = []
    for count in (FEW, MANY):
        rng = np.random.default_rng(count)
        spread = rng.uniform(0.2, 2.0, DIM)
        first = rng.standard_normal((count, DIM)) * spread
        second = 0.1 + rng.standard_normal((count, DIM)) * spread
        expected, dense_s = _timed(dense, first, second)
        ours = [_timed(frechet_distance, first, second) for _ in range(REPEATS)]
        what = f"n = m = {count}"
        target = "at least 20" if count < DIM else ""
        figures += [
            summarise(f"{what}: dense root", [dense_s], "s"),
            summarise(f"{what}: without", [seconds for _, seconds in ours], "s"),
            summarise(f"{what}: times as quick", [dense_s / seconds for _, seconds in ours], "", target),
            summarise(
                f"{what}: relative difference of the values",
                [abs(value - expected) / expected for value, _ in ours],
                "",
                "at most 1e-6" if count > DIM else "",
            ),
        ]
    return figures


def dense(first: Matrix, second: Matrix) -> float:
    """The textbook formula with scipy.linalg.sqrtm."""
    from scipy.linalg import sqrtm

    covariances = np.cov(first.T), np.cov(second.T)
    mean = float(((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum())
    root = np.trace(sqrtm(covariances[0] @ covariances[1])).real
    return mean + float(np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * root)


def _timed(call: Callable[[Matrix, Matrix], float], first: Matrix, second: Matrix) -> tuple[float, float]:
    start = time.perf_counter()
    value = call(first, second)
    return value, time.perf_counter() - start
