"""How often the intervals of distances between sets hold the truth, on features of real clips.

The truth is the distance of a large population of clips from the suite's reference. Intervals come from
small samples of that population, as a run would draw them. Real clips are of the reference's own kind: there
the kernel distance is degenerate, and an interval may be wider than it has to be.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from benchmarks.figure import Figure
from vbench_lite import registry
from vbench_lite.datasets import shapes
from vbench_lite.metric import Estimate
from vbench_lite.stats.frechet import distance, moments
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.stats.kernel_distance import KernelDistance

POPULATION = 2000
REFERENCE = 256
DRAWS = 1000
SIZES = (16, 32, 64)

Matrix = npt.NDArray[np.float64]


def measure() -> list[Figure]:
    """Coverage for clips as they are, and for clips whose frames were put into another order."""
    reference = features(REFERENCE, seed=1)
    figures = []
    for name, shuffled in (("real clips", False), ("shuffled clips", True)):
        population = features(POPULATION, seed=2, shuffled=shuffled)
        for size in SIZES:
            for metric, promise, truth, estimate in cases(population, reference, degenerate=not shuffled):
                held = coverage(population, size, truth, estimate)
                figures.append(Figure(f"{metric}, {size} {name}", held, held, held, "", promise))
    return figures


def cases(
    population: Matrix, reference: Matrix, *, degenerate: bool
) -> list[tuple[str, str, float, Callable[[Matrix], Estimate]]]:
    """(metric, what it is held to, the truth, its estimate from a sample)."""
    target = moments(reference)
    return [
        (
            "kernel distance",
            "at least 0.93" if degenerate else "0.93 to 0.97",
            KernelDistance(population, reference)(np.arange(len(population))),
            lambda clips: jackknife(range(len(clips)), KernelDistance(clips, reference)),
        ),
        (
            "Fréchet distance",
            "at least 0.90",
            distance(moments(population), target),
            lambda clips: jackknife(range(len(clips)), lambda kept: distance(moments(clips[kept]), target)),
        ),
    ]


def coverage(population: Matrix, size: int, truth: float, estimate: Callable[[Matrix], Estimate]) -> float:
    """Share of samples whose interval holds the truth."""
    rng = np.random.default_rng(size)
    held = 0
    for _ in range(DRAWS):
        found = estimate(population[rng.choice(len(population), size, replace=False)])
        assert found.low is not None and found.high is not None
        held += found.low <= truth <= found.high
    return held / DRAWS


def features(count: int, seed: int, *, shuffled: bool = False) -> Matrix:
    """Features of real clips of the shapes world, float64 (count, 80)."""
    extractor = registry.load("extractors", "shapes-video")()
    rng = np.random.default_rng(seed)
    rows = []
    scenes = shapes.sample_scenes(count, seed=seed)
    for start in range(0, count, 64):
        clips = []
        for place, scene in enumerate(scenes[start : start + 64]):
            clip = shapes.real_clip(scene, seed * 100_000 + start + place, 16, 32, 32)
            clips.append(clip[rng.permutation(16)] if shuffled else clip)
        rows.append(extractor.extract(np.stack(clips)))
    return np.concatenate(rows).astype(np.float64)
