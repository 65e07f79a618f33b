"""Judge a reference generator on captions of the shapes world: `python -m ...judging NAME`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vbench_lite.adapters.reference.autoregressive import Autoregressive
from vbench_lite.adapters.reference.hybrid import Hybrid
from vbench_lite.adapters.reference.latent_diffusion import LatentDiffusion
from vbench_lite.datasets import shapes
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.generator import Frames, GenerationContext, GenerationRequest, Generator

GENERATORS: dict[str, type[Generator]] = {
    "latent-diffusion": LatentDiffusion,
    "autoregressive": Autoregressive,
    "hybrid": Hybrid,
}
FIRST_SEED = 10_000  # seeds and scenes here are apart from those of training
BATCH = 20
WORDS = ("colour", "shape", "direction", "speed")


class Collect(GenerationContext):
    """A context that keeps frames and facts and times nothing."""

    def __init__(self) -> None:
        self.pieces: dict[int, list[Frames]] = {}
        self.facts: dict[str, int | float | str | bool | None] = {}

    def step(self, done: int, total: int) -> None:
        """Progress is of no interest."""

    def emit(self, request_index: int, frames: Frames) -> None:
        """Keep a piece of a clip."""
        self.pieces.setdefault(request_index, []).append(frames)

    def phase(self, name: str) -> None:
        """Phases are of no interest."""

    def note(self, **facts: int | float | str | bool | None) -> None:
        """Keep facts."""
        self.facts.update(facts)

    @property
    def cancelled(self) -> bool:
        """Never."""
        return False

    def clip(self, index: int) -> Frames:
        """Everything emitted for one request, uint8 (T, H, W, 3)."""
        return np.concatenate(self.pieces[index])


def request(scene: shapes.Scene, seed: int, num_frames: int, params: Mapping[str, Any]) -> GenerationRequest:
    """A request for a clip of a scene."""
    side = shapes.BASE_SIZE
    return GenerationRequest(
        sample_id=f"{scene.caption} #{seed}",
        prompt=scene.caption,
        num_frames=num_frames,
        height=side,
        width=side,
        fps=shapes.FPS,
        seed=seed,
        params=params,
    )


def make_clips(
    generator: Generator,
    scenes: list[shapes.Scene],
    num_frames: int = shapes.DEFAULT_FRAMES,
    params: Mapping[str, Any] | None = None,
    seed: int = FIRST_SEED,
) -> list[Frames]:
    """One clip for each scene, made in batches; the generator must be loaded."""
    requests = [request(s, seed + i, num_frames, params or {}) for i, s in enumerate(scenes)]
    clips: list[Frames] = []
    for first in range(0, len(requests), BATCH):
        part, collect = requests[first : first + BATCH], Collect()
        generator.generate(part, collect)
        clips += [collect.clip(i) for i in range(len(part))]
    return clips


def verdict(clips: list[Frames], scenes: list[shapes.Scene]) -> dict[str, float]:
    """Share of clips that show each word of their caption, and their mean identity over time."""
    judged = [shapes_judge.judge_clip(clip) for clip in clips]
    out = {
        word: float(
            np.mean([getattr(j, word) == getattr(s, word) for j, s in zip(judged, scenes, strict=True)])
        )
        for word in WORDS
    }
    return out | {"identity": float(np.mean([j.identity for j in judged]))}


def judge(
    name: str,
    folder: Path | None,
    count: int,
    split: str = "all",
    num_frames: int = shapes.DEFAULT_FRAMES,
    setting: str = "default",
    params: Mapping[str, Any] | None = None,
    seed: int = FIRST_SEED,
) -> dict[str, float]:
    """Make `count` clips with the weights of a folder (None: the packaged ones) and judge them."""
    generator = GENERATORS[name]({"folder": folder, "setting": setting})
    generator.load()
    scenes = shapes.sample_scenes(count, seed, split)
    return verdict(make_clips(generator, scenes, num_frames, params, seed), scenes)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: prints one line of shares."""
    parser = argparse.ArgumentParser(prog="tools.reference.judging", description=__doc__)
    parser.add_argument("name", choices=sorted(GENERATORS))
    parser.add_argument("--folder", type=Path, help="weights; default: the packaged ones")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--frames", type=int, default=shapes.DEFAULT_FRAMES)
    parser.add_argument("--split", choices=["all", "seen", "held_out"], default="all")
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    parser.add_argument("--setting", default="default")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=NUMBER")
    given = parser.parse_args(arguments)
    params = {k: float(v) for k, v in (item.split("=") for item in given.param)}
    shares = judge(
        given.name, given.folder, given.count, given.split, given.frames, given.setting, params, given.seed
    )
    sys.stdout.write("  ".join(f"{k} {v:.3f}" for k, v in shares.items()) + "\n")


if __name__ == "__main__":
    main()
