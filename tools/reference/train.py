"""Train the reference generators: `python -m tools.reference.train NAME --world stage --out DIR`.

NAME is codec (first), then latent-diffusion, hybrid (the same network) or autoregressive. The number
of steps fixes the schedule and, with the seed, the weights; `--minutes` chooses that number from the
measured speed. A checkpoint is written every minute and an interrupted training resumes from it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from tools.reference.optimiser import Average, Optimiser
from tools.reference.recipes import FILES, Recipe, recipe_of
from vbench_lite.adapters.reference import weights
from vbench_lite.adapters.reference.tokens import TokenCodec
from vbench_lite.adapters.reference.worlds import CODEC_FILE, WORLDS, World

CHECKPOINT_EVERY_S = 60
JUDGED_CLIPS = 100
SPEED_STEPS = 40  # steps timed before --minutes is turned into a number of steps


def load_codec(world: World, out: Path) -> TokenCodec:
    """The codec trained in `out`; where there is none, the packaged one is copied there first.

    The folder is then complete: a generator loads from it what it was trained with.
    """
    path = out / CODEC_FILE
    if not path.exists():
        shutil.copyfile(weights.FOLDER / world.folder / CODEC_FILE, path)
    codec = world.codec()
    codec.load_state_dict(load_file(path))
    return codec.eval().requires_grad_(False)


def export(weights: dict[str, torch.Tensor], path: Path) -> None:
    """Write weights as fp16 safetensors."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().to(torch.float16).contiguous() for k, v in weights.items()}, path)


def steps_for(recipe: Recipe, minutes: float) -> int:
    """Steps that fit into `minutes` at the speed of a few trial steps, which are then undone."""
    before, state = recipe.rng_state(), recipe.model.state_dict()
    kept = {k: v.clone() for k, v in state.items()}
    trial = Optimiser(recipe.model, recipe.muon_lr, recipe.adam_lr, SPEED_STEPS)
    started = time.monotonic()
    for index in range(SPEED_STEPS):
        recipe.loss(index)[0].backward()
        trial.step(index)
    each_s = (time.monotonic() - started) / SPEED_STEPS
    recipe.model.load_state_dict(kept)
    recipe.set_rng_state(before)
    return max(100, int(minutes * 60 / each_s))


def train(world: World, name: str, out: Path, seed: int, steps: int | None, minutes: float) -> Path:
    """Train one network and export it; returns the weights file."""
    kind = recipe_of(name, world)
    out.mkdir(parents=True, exist_ok=True)
    stem = FILES[name].split(".", maxsplit=1)[0]
    saved_path = out / f"{stem}.checkpoint.pt"
    show(f"{name}: preparing data")
    recipe = kind(world, seed, None if name == "codec" else load_codec(world, out), out)
    saved: dict[str, Any] | None = None
    if saved_path.exists():
        saved = torch.load(saved_path, weights_only=True)
        steps = saved["steps"] if steps is None else steps
    if steps is None:
        steps = steps_for(recipe, minutes)
    optimiser = Optimiser(recipe.model, kind.muon_lr, kind.adam_lr, steps, kind.schedule)
    average = Average(recipe.model)
    first = 0
    if saved is not None:
        recipe.model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        average.weights = saved["average"]
        recipe.set_rng_state(saved["rng"])
        first = saved["step"]
        show(f"resuming at step {first}")
    parameters = sum(p.numel() for p in recipe.model.parameters())
    show(f"{name}: {parameters:,} parameters, {steps} steps of {kind.batch}, seed {seed}")
    figures: dict[str, float] = {}
    started = saved_at = shown_at = time.monotonic()
    for index in range(first, steps):
        loss, shown = recipe.loss(index)
        loss.backward()
        optimiser.step(index)
        average.update(recipe.model, index)
        for key, value in shown.items():
            figures[key] = 0.95 * figures.get(key, value) + 0.05 * value
        now = time.monotonic()
        if now - shown_at > 10 or index + 1 == steps:
            each_s = (now - started) / (index + 1 - first)
            text = ", ".join(f"{k} {v:.3f}" for k, v in figures.items())
            show(
                f"step {index + 1}/{steps}  {text}  {kind.batch / each_s:.0f} rows/s  "
                f"{(steps - index - 1) * each_s / 60:.1f} min left"
            )
            shown_at = now
        if now - saved_at > CHECKPOINT_EVERY_S or index + 1 == steps:
            saved_at = now
            state = {
                "model": recipe.model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "average": average.weights,
                "rng": recipe.rng_state(),
                "step": index + 1,
                "steps": steps,
            }
            torch.save(state, saved_path.with_suffix(".part"))
            saved_path.with_suffix(".part").replace(saved_path)
    path = out / FILES[name]
    export(average.weights if kind.average else recipe.model.state_dict(), path)
    return path


def self_judgement(world: World, name: str, out: Path) -> str:
    """What the judge of the world says of the trained network's own samples."""
    from tools.reference import judging

    if name == "codec":
        shares = judging.judge_codec(world, load_codec(world, out), JUDGED_CLIPS)
    else:
        shares = judging.judge(name, world, out, JUDGED_CLIPS)
    return f"{name} on {JUDGED_CLIPS} captions: " + ", ".join(f"{k} {v:.2f}" for k, v in shares.items())


def show(line: str) -> None:
    """Progress goes to stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main(arguments: list[str] | None = None) -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="tools.reference.train", description=__doc__)
    parser.add_argument("name", choices=sorted(FILES))
    parser.add_argument("--world", choices=sorted(WORLDS), default="shapes")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--steps", type=int, help="fixes the schedule; overrides --minutes")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    world = WORLDS[given.world]
    path = train(world, given.name, given.out, given.seed, given.steps, given.minutes)
    show(f"wrote {path}")
    show(self_judgement(world, given.name, given.out))


if __name__ == "__main__":
    main()
