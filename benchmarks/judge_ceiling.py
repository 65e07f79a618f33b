"""What the judge of the shapes world says of real clips, under true and wrong captions, and what it costs."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.figure import Figure, summarise
from vbench_lite.datasets import shapes
from vbench_lite.datasets.shapes.judge import Judgement, judge_clip

CLIPS, SETS = 500, 3
WORDS = {
    "shape": list(shapes.SHAPES),
    "colour": list(shapes.COLOURS),
    "direction": list(shapes.DIRECTIONS),
    "speed": list(shapes.SPEEDS),
}


def measure() -> list[Figure]:
    """Accuracy on each attribute over several sets of real clips, bounces included."""
    right: dict[str, list[float]] = {name: [] for name in WORDS}
    wrong: dict[str, list[float]] = {name: [] for name in WORDS}
    cost_ms = []
    for seed in range(SETS):
        scenes = shapes.sample_scenes(CLIPS, 70 + seed, "all")
        clips = [shapes.real_clip(scene, 1000 * seed + i) for i, scene in enumerate(scenes)]
        began = time.process_time()
        judged = [judge_clip(clip) for clip in clips]
        cost_ms.append((time.process_time() - began) * 1e3 / (CLIPS * len(clips[0])))
        rng = np.random.default_rng(seed)
        for name, words in WORDS.items():
            true = [getattr(scene, name) for scene in scenes]
            shifts = rng.integers(1, len(words), CLIPS).tolist()
            other = [words[(words.index(t) + by) % len(words)] for t, by in zip(true, shifts, strict=True)]
            right[name].append(_share(judged, name, true))
            wrong[name].append(_share(judged, name, other))
    figures = [
        summarise(f"judge: {name} right on real clips", v, "", "at least 0.98") for name, v in right.items()
    ]
    figures += [
        summarise(f"judge: wrong {name} accepted", v, "", "at most 0.15") for name, v in wrong.items()
    ]
    return [*figures, summarise("judge: a frame of 32x32", cost_ms, "ms CPU", "at most 10 ms")]


def _share(judged: list[Judgement], attribute: str, words: list[str]) -> float:
    found = [getattr(judgement, attribute) == word for judgement, word in zip(judged, words, strict=True)]
    return float(np.mean(found))
