"""Train the network of `shapes-video` on the shapes world.

    python -m tools.train_shapes --steps 5000 --seed 0

Clips are rendered on the fly. Some are frozen, shuffled or change their shape half-way, and most are
damaged (`shapes_damage`) by amounts that the network has to tell, so that features move with damage.
Writes half-precision safetensors and a JSON of the accuracies on clips that were never trained on.

The number of steps and the seed fix every batch, the schedule and so the weights: one thread, no clock, so
that equal hardware and libraries give equal bits. A checkpoint is written every minute; the same command
resumes an interrupted training from it, to the same weights.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from tools.shapes_batches import POINTS, SCENES, Batch, make_batch
from tools.shapes_damage import KINDS
from vbench_lite.datasets import shapes
from vbench_lite.errors import WeightsError
from vbench_lite.suites.extractors.shapes_appearance import appearance
from vbench_lite.suites.extractors.shapes_network import ShapesNetwork, Size
from vbench_lite.suites.extractors.shapes_video import WEIGHTS

STEPS = 5000  # of the shipped weights
BATCH = 32
LEARNING_RATE = 2e-3
WARM_UP_STEPS = 50
FIRST_TROUBLE = 0.2  # share of troubled clips at first: outlines are learnt sooner from whole clips
CHECKPOINT_EVERY_S = 60.0


class Heads(nn.Module):
    """What the feature must tell."""

    def __init__(self, feature_dim: int, damages: int) -> None:
        super().__init__()
        self.shape = nn.Linear(feature_dim, len(shapes.SHAPES))
        self.colour = nn.Linear(feature_dim, len(shapes.COLOURS))
        self.direction = nn.Linear(feature_dim, len(shapes.DIRECTIONS))
        self.speed = nn.Linear(feature_dim, len(shapes.SPEEDS))
        self.positions = nn.Linear(feature_dim, 2 * len(POINTS))
        self.order = nn.Linear(feature_dim, 3)  # as the world moves, frozen, shuffled
        self.constant = nn.Linear(feature_dim, 1)  # one thing throughout
        self.damage = nn.Linear(feature_dim, damages)  # amount of each kind


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
    return total + 8 * F.mse_loss(heads.damage(features), batch.damage) * len(KINDS)


@torch.inference_mode()
def accuracy(network: ShapesNetwork, heads: Heads, count: int = 1000, seed: int = 990001) -> dict[str, float]:
    """Accuracies on clean clips of another seed, mean position error, and how well damage is told.

    `damage_explained` is the share of the variance of damage amounts that the heads explain on damaged clips.
    """
    network.eval()
    rng = np.random.default_rng(seed)
    batch = make_batch(count, rng, troubled=0.0)
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


def learning_rate(step: int, steps: int) -> float:
    """Rises over the first steps, then falls almost linearly to 1e-5."""
    fall: float = (1 - step / steps) ** 0.8
    return LEARNING_RATE * min(1.0, (step + 1) / WARM_UP_STEPS) * fall + 1e-5


def trouble(step: int, steps: int) -> float:
    """Share of clips that are frozen, shuffled, switched or damaged: all of them after a third."""
    return min(1.0, FIRST_TROUBLE + (1 - FIRST_TROUBLE) * 3 * step / steps)


class Training:
    """Everything that a training of so many steps from a seed is at one moment."""

    def __init__(self, steps: int, seed: int) -> None:
        torch.manual_seed(seed)
        self.steps, self.seed, self.done = steps, seed, 0
        self.rng = np.random.default_rng([seed, 0xFEA7])
        self.network, self.heads = ShapesNetwork(), Heads(Size().feature_dim, len(KINDS))
        self._parameters = [*self.network.parameters(), *self.heads.parameters()]
        self._optimiser = torch.optim.AdamW(self._parameters, lr=LEARNING_RATE, weight_decay=0.01)

    def step(self) -> float:
        """Learn from one batch; returns its loss."""
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate(self.done, self.steps)
        loss = loss_of(self.network, self.heads, make_batch(BATCH, self.rng, trouble(self.done, self.steps)))
        self._optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self._optimiser.step()
        self.done += 1
        return float(loss.item())

    def save(self, path: Path) -> None:
        """Write a checkpoint; the one before stays until the new one is whole."""
        state = {
            "steps": self.steps,
            "seed": self.seed,
            "done": self.done,
            "rng": self.rng.bit_generator.state,
            "network": self.network.state_dict(),
            "heads": self.heads.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            WeightsError: it belongs to another number of steps or another seed.
        """
        state: dict[str, Any] = torch.load(path, weights_only=True)
        if (state["steps"], state["seed"]) != (self.steps, self.seed):
            raise WeightsError(
                f"checkpoint {path} is of {state['steps']} steps from seed {state['seed']}, not of "
                f"{self.steps} from seed {self.seed}; delete it or train as it says"
            )
        self.network.load_state_dict(state["network"])
        self.heads.load_state_dict(state["heads"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.rng.bit_generator.state = state["rng"]
        self.done = state["done"]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in one order: more threads would split them by the number of cores."""
    before = torch.get_num_threads(), cv2.getNumThreads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
        torch.use_deterministic_algorithms(before[2])


def train(steps: int, seed: int, out: Path) -> dict[str, Any]:
    """Train, write weights to `out` and facts beside them (`.json`), and return the facts.

    Resumes from `out` with the suffix `.checkpoint` if that exists, and deletes it in the end.

    Raises:
        WeightsError: the checkpoint is of another training.
    """
    checkpoint = out.with_suffix(".checkpoint")
    with _one_thread():
        training = Training(steps, seed)
        if checkpoint.exists():
            training.resume(checkpoint)
            _show(f"resuming at step {training.done}")
        first, began = training.done, time.monotonic()
        saved = began
        while training.done < steps:
            loss = training.step()
            now = time.monotonic()
            if training.done % max(1, steps // 20) == 0:
                found = accuracy(training.network, training.heads, 200)
                left = (now - began) / (training.done - first) * (steps - training.done) / 60
                told = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
                _show(f"step {training.done}/{steps} loss {loss:.3f}, {told}, {left:.1f} min left")
            if now - saved >= CHECKPOINT_EVERY_S:
                training.save(checkpoint)
                saved = now
        # Accuracies are of the weights as they ship.
        training.network.half().float()
        found = accuracy(training.network, training.heads)
        facts = {
            "steps": steps,
            "seed": seed,
            "clips": steps * BATCH,
            "parameters": sum(p.numel() for p in training.network.parameters()),
            "accuracy_on": "1000 undamaged clips of seed 990001; damage_explained on 1000 damaged ones",
            **{name: round(value, 3) for name, value in found.items()},
        }
        save(training.network, facts, out)
    checkpoint.unlink(missing_ok=True)
    return facts


def appearance_scale(count: int = 2000, seed: int = 990002) -> dict[str, torch.Tensor]:
    """Mean and deviation of the appearance statistics over real clips."""
    rng = np.random.default_rng(seed)
    scenes = [SCENES[i] for i in rng.integers(len(SCENES), size=count)]
    clips = [shapes.render(scene, shapes.sample_start(scene, rng), Size().frames) for scene in scenes]
    values = np.concatenate([appearance(clip[None]) for clip in clips]).astype(np.float64)
    scale = {"appearance.mean": values.mean(axis=0), "appearance.deviation": values.std(axis=0)}
    return {name: torch.from_numpy(value.astype(np.float32)) for name, value in scale.items()}


def save(network: ShapesNetwork, facts: dict[str, Any], path: Path) -> None:
    """Write half-precision weights and the scale of appearance, and the facts of the training beside them."""
    state = {name: value.detach().half().contiguous() for name, value in network.state_dict().items()}
    state |= appearance_scale()
    save_file(state, path)
    path.with_suffix(".json").write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _show(line: str) -> None:
    """Progress goes to stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main() -> None:
    """Train and write the weights beside this file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--out", type=Path, default=WEIGHTS, help="weights file to write (default: the shipped one)"
    )
    options = parser.parse_args()
    if options.steps < 1:
        parser.error(f"--steps {options.steps}: at least 1")
    facts = train(options.steps, options.seed, options.out)
    print(json.dumps(facts, indent=2, sort_keys=True))


if __name__ == "__main__":
    main()
