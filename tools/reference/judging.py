"""Judge a reference generator on captions of its world: `python -m tools.reference.judging NAME`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vbench_lite.adapters.reference.autoregressive import Autoregressive
from vbench_lite.adapters.reference.base import ReferenceGenerator
from vbench_lite.adapters.reference.hybrid import Hybrid
from vbench_lite.adapters.reference.latent_diffusion import LatentDiffusion
from vbench_lite.adapters.reference.stage import (
    Refined,
    StageAutoregressive,
    StageHybrid,
    StageLatentDiffusion,
)
from vbench_lite.adapters.reference.tokens import TokenCodec, frames_to_float, frames_to_uint8
from vbench_lite.adapters.reference.worlds import SHAPES, WORLDS, World
from vbench_lite.datasets import shapes
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.datasets.stage import judge as stage_judge
from vbench_lite.datasets.stage import render as stage_render
from vbench_lite.datasets.stage import words as stage
from vbench_lite.generator import Frames, GenerationContext, GenerationRequest

GENERATORS: dict[str, type[ReferenceGenerator]] = {
    "latent-diffusion": LatentDiffusion,
    "autoregressive": Autoregressive,
    "hybrid": Hybrid,
}
STAGE_GENERATORS: dict[str, type[ReferenceGenerator]] = {
    "latent-diffusion": StageLatentDiffusion,
    "autoregressive": StageAutoregressive,
    "hybrid": StageHybrid,
    "refined": Refined,
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


def request(
    caption: str, seed: int, num_frames: int, params: Mapping[str, Any], world: World = SHAPES
) -> GenerationRequest:
    """A request for a clip of a caption."""
    return GenerationRequest(
        sample_id=f"{caption} #{seed}",
        prompt=caption,
        num_frames=num_frames,
        height=world.side,
        width=world.side,
        fps=world.fps,
        seed=seed,
        params=params,
    )


def make_clips(
    generator: ReferenceGenerator,
    scenes: Sequence[shapes.Scene | stage.Scene],
    num_frames: int = shapes.DEFAULT_FRAMES,
    params: Mapping[str, Any] | None = None,
    seed: int = FIRST_SEED,
) -> list[Frames]:
    """One clip for each scene, made in batches; the generator must be loaded."""
    requests = [
        request(s.caption, seed + i, num_frames, params or {}, generator.world) for i, s in enumerate(scenes)
    ]
    clips: list[Frames] = []
    for first in range(0, len(requests), BATCH):
        part, collect = requests[first : first + BATCH], Collect()
        generator.generate(part, collect)
        clips += [collect.clip(i) for i in range(len(part))]
    return clips


def shapes_verdict(clips: list[Frames], scenes: Sequence[shapes.Scene]) -> dict[str, float]:
    """Share of clips that show each word of their caption, and their mean identity over time."""
    judged = [shapes_judge.judge_clip(clip) for clip in clips]
    out = {
        word: float(
            np.mean([getattr(j, word) == getattr(s, word) for j, s in zip(judged, scenes, strict=True)])
        )
        for word in WORDS
    }
    return out | {"identity": float(np.mean([j.identity for j in judged]))}


def stage_verdict(clips: list[Frames], scenes: Sequence[stage.Scene]) -> dict[str, float]:
    """Mean of each attribute over the clips that it applies to, both colors right, one direction right."""
    rows: dict[str, list[float]] = {}
    for clip, scene in zip(clips, scenes, strict=True):
        judged = stage_judge.judge_clip(clip)
        found = dict(stage_judge.agreement(judged, scene))
        found["both_colors"] = float(found["color"] == 1)
        found["one_direction"] = float((found["direction"] or 0) > 0)
        for name, value in found.items():
            if value is not None:
                rows.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in rows.items()}


@dataclass(frozen=True)
class Kit:
    """What it takes to judge in one world."""

    generators: Mapping[str, type[ReferenceGenerator]]
    sample_scenes: Callable[[int, int, str], Sequence[Any]]
    real_clip: Callable[[Any, int, int], Frames]
    verdict: Callable[[list[Frames], Any], dict[str, float]]


KITS = {
    "shapes": Kit(GENERATORS, shapes.sample_scenes, shapes.real_clip, shapes_verdict),
    "stage": Kit(STAGE_GENERATORS, stage.sample_scenes, stage_render.real_clip, stage_verdict),
}


def judge(
    name: str,
    world: World,
    folder: Path | None,
    count: int,
    split: str = "all",
    num_frames: int = shapes.DEFAULT_FRAMES,
    setting: str = "default",
    params: Mapping[str, Any] | None = None,
    seed: int = FIRST_SEED,
) -> dict[str, float]:
    """Make `count` clips with the weights of a folder (None: the packaged ones) and judge them."""
    kit = KITS[world.name]
    generator = kit.generators[name]({"folder": folder, "setting": setting})
    generator.load()
    scenes = kit.sample_scenes(count, seed, split)
    return kit.verdict(make_clips(generator, scenes, num_frames, params, seed), scenes)


def judge_codec(world: World, codec: TokenCodec, count: int) -> dict[str, float]:
    """Judge real clips that went through the rounded code of a codec and back."""
    import torch

    kit = KITS[world.name]
    scenes = kit.sample_scenes(count, FIRST_SEED, "all")
    clips = []
    for index, scene in enumerate(scenes):
        frames = frames_to_float(torch.from_numpy(kit.real_clip(scene, index, shapes.DEFAULT_FRAMES)))
        with torch.inference_mode():
            decoded = codec.decode(codec.quantise(codec.encode(frames)))
        clips.append(frames_to_uint8(decoded).numpy())
    return kit.verdict(clips, scenes)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: prints one line of shares."""
    parser = argparse.ArgumentParser(prog="tools.reference.judging", description=__doc__)
    parser.add_argument("name", choices=sorted({name for kit in KITS.values() for name in kit.generators}))
    parser.add_argument("--world", choices=sorted(WORLDS), default="shapes")
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
        given.name,
        WORLDS[given.world],
        given.folder,
        given.count,
        given.split,
        given.frames,
        given.setting,
        params,
        given.seed,
    )
    sys.stdout.write("  ".join(f"{k} {v:.3f}" for k, v in shares.items()) + "\n")


if __name__ == "__main__":
    main()
