"""Train the network of `shapes-video` on the shapes world.

    python -m vbench_lite.suites.extractors.train_shapes --minutes 8

Clips are rendered on the fly. Some are frozen, shuffled or change their shape half-way, and most are
damaged (`shapes_damage`) by amounts that the network has to tell, so that features move with damage.
Writes half-precision safetensors and a JSON of the accuracies on clips that were never trained on.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

from vbench_lite.datasets import shapes
from vbench_lite.suites.extractors.shapes_appearance import appearance
from vbench_lite.suites.extractors.shapes_damage import KINDS, damage
from vbench_lite.suites.extractors.shapes_network import Heads, ShapesNetwork, Size

WEIGHTS = Path(__file__).with_name("shapes_video.safetensors")
_SCENES = shapes.all_scenes()
_FROZEN, _SHUFFLED = 1, 2


@dataclass
class Batch:
    """Clips and what is true of them; every tensor has the batch as its first axis."""

    frames: torch.Tensor  # float32 (B, 16, 3, 32, 32) in [0, 1]
    words: torch.Tensor  # int64 (B, 4): shape, colour, direction, speed
    positions: torch.Tensor  # float32 (B, 8) in [-1, 1]
    order: torch.Tensor  # int64 (B,): 0 moves, 1 frozen, 2 shuffled
    constant: torch.Tensor  # float32 (B,): 1 if the thing stays the same
    damage: torch.Tensor  # float32 (B, kinds), in [0, 1]


def _words(scene: shapes.Scene) -> list[int]:
    return [
        shapes.SHAPES.index(scene.shape),
        list(shapes.COLOURS).index(scene.colour),
        list(shapes.DIRECTIONS).index(scene.direction),
        list(shapes.SPEEDS).index(scene.speed),
    ]


def make_batch(count: int, rng: np.random.Generator, trouble: float = 1.0) -> Batch:
    """Render `count` clips, and freeze, shuffle, switch or damage a share `trouble` of them."""
    size = Size()
    clips, words, places = [], [], []
    order = np.zeros(count, np.int64)
    constant = np.ones(count, np.float32)
    amounts = np.zeros((count, len(KINDS)))
    for i in range(count):
        scene = _SCENES[rng.integers(len(_SCENES))]
        start = shapes.sample_start(scene, rng)
        clip = shapes.render(scene, start, size.frames)
        path = shapes.path(scene, start, size.frames)
        frames = np.arange(size.frames)
        if rng.random() < trouble:
            kind = rng.random()
            if kind < 0.12:
                order[i], frames = _FROZEN, np.full(size.frames, rng.integers(size.frames))
            elif kind < 0.24:
                order[i], frames = _SHUFFLED, rng.permutation(size.frames)
            elif kind < 0.32:
                other = _SCENES[rng.integers(len(_SCENES))]
                other = shapes.Scene(other.colour, other.shape, scene.direction, scene.speed)
                cut = rng.integers(3, size.frames - 3)
                clip[cut:] = shapes.render(other, start, size.frames)[cut:]
                constant[i] = float(other == scene)
            if order[i] == 0 and rng.random() < 0.75:
                amounts[i] = rng.random(len(KINDS)) * (rng.random(len(KINDS)) < 0.2)
                clip = damage(clip, amounts[i], rng)
        clips.append(clip[frames])
        places.append(path[frames][list(Heads.POINTS)] / (size.side / 2) - 1)
        words.append(_words(scene))
    frames_in = torch.from_numpy(np.stack(clips)).permute(0, 1, 4, 2, 3).float() / 255
    return Batch(
        frames_in,
        torch.tensor(words),
        torch.from_numpy(np.stack(places).astype(np.float32).reshape(count, -1)),
        torch.from_numpy(order),
        torch.from_numpy(constant),
        torch.from_numpy(amounts).float(),
    )


def loss_of(network: ShapesNetwork, heads: Heads, batch: Batch) -> torch.Tensor:
    """Sum of the losses; motion words count only where the clip moves as the world does."""
    features = network(batch.frames)
    moves = batch.order == 0
    total = torch.zeros(())
    smoothing = 0.1  # certainty beyond this would drown everything else that the feature should hold
    for column, head in enumerate((heads.shape, heads.colour)):
        total = total + F.cross_entropy(head(features), batch.words[:, column], label_smoothing=smoothing)
    for column, head in ((2, heads.direction), (3, heads.speed)):
        found, wanted = head(features[moves]), batch.words[moves, column]
        total = total + 0.5 * F.cross_entropy(found, wanted, label_smoothing=smoothing)
    total = total + 4 * F.mse_loss(heads.positions(features), batch.positions)
    total = total + 0.5 * F.cross_entropy(heads.order(features), batch.order, label_smoothing=smoothing)
    total = total + 0.3 * F.binary_cross_entropy_with_logits(heads.constant(features)[:, 0], batch.constant)
    return total + 4 * F.mse_loss(heads.damage(features), batch.damage) * len(KINDS)


@torch.inference_mode()
def accuracy(network: ShapesNetwork, heads: Heads, count: int = 1000, seed: int = 990001) -> dict[str, float]:
    """Accuracies on clean clips of another seed, mean position error, and how well damage is told.

    `damage_explained` is the share of the variance of damage amounts that the heads explain on damaged clips.
    """
    network.eval()
    rng = np.random.default_rng(seed)
    batch = make_batch(count, rng, trouble=0.0)
    features = network(batch.frames)
    found = {
        name: float((getattr(heads, name)(features).argmax(1) == batch.words[:, column]).float().mean())
        for column, name in enumerate(("shape", "colour", "direction", "speed"))
    }
    error = (heads.positions(features) - batch.positions).abs().mean() * Size().side / 2
    hurt = make_batch(count, rng)
    left = ((heads.damage(network(hurt.frames)) - hurt.damage) ** 2).mean() / hurt.damage.var(0).mean()
    network.train()
    return {**found, "position_error_px": float(error), "damage_explained": 1 - float(left)}


def train(
    minutes: float, seed: int, continue_from: Path | None = None, batch_size: int = 32, report_s: float = 20.0
) -> tuple[ShapesNetwork, dict[str, float]]:
    """Train for so many minutes of wall clock; the learning rate follows the clock.

    continue_from: weights to begin with; the heads begin anew.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 0xFEA7])
    network, heads = ShapesNetwork(), Heads(Size().feature_dim, len(KINDS))
    if continue_from is not None:
        stored = load_file(continue_from)
        network.load_state_dict({name: stored[name].float() for name in network.state_dict()})
    # Whole clips first: outlines are learnt sooner from those.
    first_trouble = 0.2 if continue_from is None else 0.8
    parameters = [*network.parameters(), *heads.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=0.01)
    began = last = time.monotonic()
    steps = 0
    while (gone := (time.monotonic() - began) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * min(1.0, (steps + 1) / 50) * (1 - gone) ** 0.8 + 1e-5
        trouble = min(1.0, first_trouble + gone / 0.4)
        loss = loss_of(network, heads, make_batch(batch_size, rng, trouble))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        steps += 1
        if time.monotonic() - last > report_s:
            last = time.monotonic()
            found = accuracy(network, heads, 200)
            print(f"{gone:5.1%} step {steps} loss {loss.item():.3f} {found}", flush=True)  # noqa: T201
    return network, {**accuracy(network, heads), "steps": float(steps), "clips": float(steps * batch_size)}


def appearance_scale(count: int = 2000, seed: int = 990002) -> dict[str, torch.Tensor]:
    """Mean and deviation of the appearance statistics over real clips."""
    rng = np.random.default_rng(seed)
    scenes = [_SCENES[i] for i in rng.integers(len(_SCENES), size=count)]
    clips = [shapes.render(scene, shapes.sample_start(scene, rng), Size().frames) for scene in scenes]
    values = np.concatenate([appearance(clip[None]) for clip in clips]).astype(np.float64)
    scale = {"appearance.mean": values.mean(axis=0), "appearance.deviation": values.std(axis=0)}
    return {name: torch.from_numpy(value.astype(np.float32)) for name, value in scale.items()}


def save(network: ShapesNetwork, facts: dict[str, float], path: Path = WEIGHTS) -> None:
    """Write half-precision weights, and the facts of the training beside them."""
    state = {name: value.detach().half().contiguous() for name, value in network.state_dict().items()}
    state |= appearance_scale()
    save_file(state, path)
    path.with_suffix(".json").write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    """Train and write the weights beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--continue-from", type=Path, help="weights to begin with")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    network, facts = train(options.minutes, options.seed, options.continue_from)
    save(network, {**facts, "minutes": options.minutes, "seed": float(options.seed)}, options.out)
    print(json.dumps(facts, indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
