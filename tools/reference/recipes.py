"""What each reference network is trained on: its data, its loss and its rates.

A recipe is a model and a function that makes the loss of one step. All randomness comes from the
two generators of the recipe, which a checkpoint saves.
"""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from tools.reference import scenes, shapes_data, stage_data
from tools.reference.losses import block_loss, shapes_codec_loss, stage_codec_loss, token_loss, window_loss
from tools.reference.optimiser import Schedule
from vbench_lite.adapters.reference.codec import Codec
from vbench_lite.adapters.reference.stage_codec import PLACES, StageCodec
from vbench_lite.adapters.reference.token_model import TokenModel
from vbench_lite.adapters.reference.tokens import TokenCodec, frames_to_float
from vbench_lite.adapters.reference.transformer import LATE, VideoTransformer, dropped
from vbench_lite.adapters.reference.worlds import CODEC_FILE, STAGE, TOKENS_FILE, TRANSFORMER_FILE, World

DROP_CAPTION = 0.1
WINDOW = 16
PLACES_WEIGHT = 1.6  # on stage, places of objects are this much larger than unit scale: noise blurs them less
DATA = {"shapes": shapes_data, "stage": stage_data}


class Recipe(ABC):
    """A model, its data and its loss."""

    batch: ClassVar[int]
    muon_lr: ClassVar[float]
    adam_lr: ClassVar[float]
    schedule: ClassVar[Schedule]
    average: ClassVar[bool]  # whether the exported weights are a moving average

    def __init__(self, world: World, seed: int, codec: TokenCodec | None, cache: Path) -> None:
        """Seed everything; the codec encodes the clips, which are kept in the folder `cache`."""
        torch.manual_seed(seed)
        self.world = world
        self.data = np.random.default_rng([seed, 1])
        self.noise = torch.Generator("cpu").manual_seed(seed)
        self.codec = codec
        self.model: nn.Module = self.build()

    @abstractmethod
    def build(self) -> nn.Module:
        """Make the model, initialised from the global seed."""

    @abstractmethod
    def loss(self, index: int) -> tuple[Tensor, dict[str, float]]:
        """Loss of step `index`, and figures to show."""

    def rng_state(self) -> dict[str, Any]:
        """State of both random generators."""
        return {"data": self.data.bit_generator.state, "noise": self.noise.get_state()}

    def set_rng_state(self, state: dict[str, Any]) -> None:
        """Restore what `rng_state` returned."""
        self.data.bit_generator.state = state["data"]
        self.noise.set_state(state["noise"])


class CodecRecipe(Recipe):
    """Single frames of a world."""

    average = False

    def build(self) -> nn.Module:
        """A fresh codec."""
        return self.world.codec()

    @staticmethod
    def figures(error: Tensor) -> dict[str, float]:
        """Decibels of the rounded and of the continuous half of the rows' squared errors."""
        halves = error.split([len(error) // 2, len(error) - len(error) // 2])
        names = ("rounded_db", "continuous_db")
        return {name: float(-10 * torch.log10(half.mean())) for name, half in zip(names, halves, strict=True)}


class ShapesCodecRecipe(CodecRecipe):
    """Single frames at positions uniform over the frame."""

    batch, muon_lr, adam_lr = 192, 0.03, 3e-3
    schedule = ((0, 1), (0.82, 0.545), (0.9, 0.375), (1, 0))

    def loss(self, index: int) -> tuple[Tensor, dict[str, float]]:
        """Foreground-weighted squared error."""
        assert isinstance(self.model, Codec)
        frames = frames_to_float(torch.from_numpy(scenes.draw_frames(self.data, self.batch)))
        loss, error = shapes_codec_loss(self.model, frames, self.noise)
        return loss, self.figures(error)


class StageCodecRecipe(CodecRecipe):
    """Single frames of clips, with the renderer's own masks and places as teachers."""

    batch, muon_lr, adam_lr = 128, 0.02, 2e-3
    schedule = ((0, 1), (0.6, 1), (1, 0))

    def __init__(self, world: World, seed: int, codec: TokenCodec | None, cache: Path) -> None:
        super().__init__(world, seed, codec, cache)
        self.frames, self.shares, self.centers = stage_data.painted_frames(seed)

    def loss(self, index: int) -> tuple[Tensor, dict[str, float]]:
        """Squared error with more weight on objects, and how well the frame is parted."""
        assert isinstance(self.model, StageCodec)
        rows = torch.from_numpy(self.data.integers(len(self.frames), size=self.batch))
        frames, shares = (frames_to_float(x[rows]) for x in (self.frames, self.shares))
        loss, error = stage_codec_loss(self.model, frames, shares, self.centers[rows], self.noise)
        return loss, self.figures(error)


class ClipRecipe(Recipe):
    """Clips as latents, encoded once: 60% begin with their caption, 40% in mid-flight."""

    def __init__(self, world: World, seed: int, codec: TokenCodec | None, cache: Path) -> None:
        super().__init__(world, seed, codec, cache)
        assert codec is not None
        self.latents, self.words = encoded_clips(world, codec, seed, cache)

    def draw(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Latents float32 (N, 16, dim), words int64 (N, words) with some dropped, ages int64 (N, 16).

        Where a clip is in mid-flight, its ages are unknown from one of its frames on, in the shapes world
        from its first.
        """
        rows = torch.from_numpy(self.data.integers(len(self.latents), size=count))
        late = self.data.integers(1, self.latents.shape[1] - WINDOW + 1, size=count)
        offset = torch.from_numpy(np.where(self.data.random(count) < 0.6, 0, late))
        picked = self.latents[rows[:, None], offset[:, None] + torch.arange(WINDOW)].float()
        drop = torch.from_numpy(self.data.random((count, 1)) < DROP_CAPTION)
        words = torch.where(drop, dropped(self.world.choices, count), self.words[rows])
        known = torch.full((count,), 0)
        if self.world.ages:
            known = 4 * torch.from_numpy(self.data.integers(WINDOW // 4 + 1, size=count))
        frames = torch.arange(WINDOW)
        unknown = (offset[:, None] > 0) & (frames >= known[:, None])
        return picked, words, torch.where(unknown, LATE, offset[:, None] + frames)


class FlowRecipe(ClipRecipe):
    """The video transformer: the two masks take turns."""

    batch, muon_lr, adam_lr, average = 128, 0.02, 2e-3, True
    schedule = ((0, 1), (0.5, 1), (1, 0))

    def build(self) -> nn.Module:
        """A fresh video transformer."""
        return self.world.transformer()

    def __init__(self, world: World, seed: int, codec: TokenCodec | None, cache: Path) -> None:
        super().__init__(world, seed, codec, cache)
        assert isinstance(self.model, VideoTransformer)
        sample = self.latents[:4000].float().flatten(0, 1)
        self.model.mean.copy_(sample.mean(0))
        self.model.std.copy_(sample.std(0))
        if world is STAGE:
            self.model.std[list(PLACES)] /= PLACES_WEIGHT

    def loss(self, index: int) -> tuple[Tensor, dict[str, float]]:
        """Rectified-flow loss: even steps bidirectional, odd steps block-causal on half the rows."""
        assert isinstance(self.model, VideoTransformer)
        causal = index % 2 == 1
        latents, words, age = self.draw(self.batch // 2 if causal else self.batch)
        data = self.model.normalise(latents)
        kind = block_loss if causal else window_loss
        with half_precision(self.world):
            loss = kind(self.model, data, words, age, self.noise)
        return loss, {"block" if causal else "window": float(loss.detach())}


class TokenRecipe(ClipRecipe):
    """The token model, reading slightly noisy tokens."""

    batch, muon_lr, adam_lr, average = 48, 0.02, 2e-3, True
    schedule = ((0, 1), (0.5, 1), (1, 0))

    def build(self) -> nn.Module:
        """A fresh token model."""
        return self.world.token_model()

    def loss(self, index: int) -> tuple[Tensor, dict[str, float]]:
        """Cross entropy. What the model reads is jittered by up to a quantiser step either way."""
        assert isinstance(self.model, TokenModel) and self.codec is not None
        latents, words, age = self.draw(self.batch)
        codec = self.codec
        strength = torch.rand(len(latents), 1, 1, generator=self.noise)
        jitter = torch.rand(latents.shape, generator=self.noise) * 2 - 1
        target = codec.to_tokens(latents)
        heard = codec.to_tokens(latents + strength * jitter / codec.levels)
        with half_precision(self.world):
            loss = token_loss(self.model, target, heard, codec.from_tokens(heard), words, age)
        return loss, {"nats": float(loss.detach())}


def half_precision(world: World) -> torch.autocast:
    """Products in bfloat16, a quarter faster; the weights of the shapes world were made without."""
    return torch.autocast("cpu", torch.bfloat16, enabled=world is STAGE)


def encoded_clips(world: World, codec: TokenCodec, seed: int, cache: Path) -> tuple[Tensor, Tensor]:
    """The training clips of a seed as latents, from the folder `cache` if they are there."""
    weights = hashlib.sha256(b"".join(p.numpy().tobytes() for p in codec.state_dict().values()))
    path = cache / f"clips-{world.name}-{seed}-{weights.hexdigest()[:12]}.pt"
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}.part")
        torch.save(DATA[world.name].encode_clips(codec, seed), part)
        part.replace(path)
    latents, words = torch.load(path, weights_only=True)
    return latents, words


CODECS: dict[str, type[Recipe]] = {"shapes": ShapesCodecRecipe, "stage": StageCodecRecipe}
FILES = {
    "codec": CODEC_FILE,
    "latent-diffusion": TRANSFORMER_FILE,
    "hybrid": TRANSFORMER_FILE,
    "autoregressive": TOKENS_FILE,
}


def recipe_of(name: str, world: World) -> type[Recipe]:
    """The recipe of a network of a world."""
    if name == "codec":
        return CODECS[world.name]
    return TokenRecipe if name == "autoregressive" else FlowRecipe
