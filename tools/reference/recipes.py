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

from tools.reference.optimiser import Schedule
from vbench_lite.adapters.reference import scenes
from vbench_lite.adapters.reference.codec import Codec, codec_loss, frames_to_float
from vbench_lite.adapters.reference.token_model import TokenModel, token_loss
from vbench_lite.adapters.reference.transformer import (
    VideoTransformer,
    block_loss,
    dropped,
    window_loss,
)

DROP_CAPTION = 0.1
CLIPS, CLIP_FRAMES, WINDOW = 24_000, 24, 16


class Recipe(ABC):
    """A model, its data and its loss."""

    batch: ClassVar[int]
    muon_lr: ClassVar[float]
    adam_lr: ClassVar[float]
    schedule: ClassVar[Schedule]
    average: ClassVar[bool]  # whether the exported weights are a moving average

    def __init__(self, seed: int, codec: Codec | None, cache: Path) -> None:
        """Seed everything; the codec encodes the clips, which are kept in the folder `cache`."""
        torch.manual_seed(seed)
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
    """Single frames at positions uniform over the frame."""

    batch, muon_lr, adam_lr, average = 192, 0.03, 3e-3, False
    schedule = ((0, 1), (0.82, 0.545), (0.9, 0.375), (1, 0))

    def build(self) -> nn.Module:
        """A fresh codec."""
        return Codec()

    def loss(self, index: int) -> tuple[Tensor, dict[str, float]]:
        """Foreground-weighted squared error."""
        assert isinstance(self.model, Codec)
        frames = frames_to_float(torch.from_numpy(scenes.draw_frames(self.data, self.batch)))
        loss, error = codec_loss(self.model, frames, self.noise)
        rounded, smooth = error.split([len(error) // 2, len(error) - len(error) // 2])
        return loss, {"rounded_db": _decibel(rounded), "continuous_db": _decibel(smooth)}


class ClipRecipe(Recipe):
    """Clips as latents, encoded once: 60% begin with their caption, 40% in mid-flight."""

    def __init__(self, seed: int, codec: Codec | None, cache: Path) -> None:
        super().__init__(seed, codec, cache)
        assert codec is not None
        self.latents, self.words = encoded_clips(codec, seed, cache)

    def draw(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Latents float32 (N, 16, dim), words int64 (N, 4) with some dropped, start float32 (N,)."""
        rows = torch.from_numpy(self.data.integers(len(self.latents), size=count))
        late = self.data.integers(1, CLIP_FRAMES - WINDOW + 1, size=count)
        offset = torch.from_numpy(np.where(self.data.random(count) < 0.6, 0, late))
        picked = self.latents[rows[:, None], offset[:, None] + torch.arange(WINDOW)].float()
        drop = torch.from_numpy(self.data.random((count, 1)) < DROP_CAPTION)
        words = torch.where(drop, dropped(count), self.words[rows])
        return picked, words, (offset == 0).float()


class FlowRecipe(ClipRecipe):
    """The video transformer: the two masks take turns."""

    batch, muon_lr, adam_lr, average = 128, 0.02, 2e-3, True
    schedule = ((0, 1), (0.5, 1), (1, 0))

    def build(self) -> nn.Module:
        """A fresh video transformer."""
        return VideoTransformer()

    def __init__(self, seed: int, codec: Codec | None, cache: Path) -> None:
        super().__init__(seed, codec, cache)
        assert isinstance(self.model, VideoTransformer)
        sample = self.latents[:4000].float().flatten(0, 1)
        self.model.mean.copy_(sample.mean(0))
        self.model.std.copy_(sample.std(0))

    def loss(self, index: int) -> tuple[Tensor, dict[str, float]]:
        """Rectified-flow loss: even steps bidirectional, odd steps block-causal on half the rows."""
        assert isinstance(self.model, VideoTransformer)
        causal = index % 2 == 1
        latents, words, start = self.draw(self.batch // 2 if causal else self.batch)
        data = self.model.normalise(latents)
        kind = block_loss if causal else window_loss
        loss = kind(self.model, data, words, start, self.noise)
        return loss, {"block" if causal else "window": float(loss.detach())}


class TokenRecipe(ClipRecipe):
    """The token model, reading slightly noisy tokens."""

    batch, muon_lr, adam_lr, average = 48, 0.02, 2e-3, True
    schedule = ((0, 1), (0.5, 1), (1, 0))

    def build(self) -> nn.Module:
        """A fresh token model."""
        return TokenModel()

    def loss(self, index: int) -> tuple[Tensor, dict[str, float]]:
        """Cross entropy. What the model reads is jittered by up to a quantiser step either way."""
        assert isinstance(self.model, TokenModel) and self.codec is not None
        latents, words, start = self.draw(self.batch)
        codec = self.codec
        strength = torch.rand(len(latents), 1, 1, generator=self.noise)
        jitter = torch.rand(latents.shape, generator=self.noise) * 2 - 1
        target = codec.to_tokens(latents)
        heard = codec.to_tokens(latents + strength * jitter / codec.levels)
        loss = token_loss(self.model, target, heard, codec.from_tokens(heard), words, start)
        return loss, {"nats": float(loss.detach())}


def encoded_clips(codec: Codec, seed: int, cache: Path) -> tuple[Tensor, Tensor]:
    """The training clips of a seed as latents, from the folder `cache` if they are there."""
    weights = hashlib.sha256(b"".join(p.numpy().tobytes() for p in codec.state_dict().values()))
    path = cache / f"clips-{seed}-{weights.hexdigest()[:12]}.pt"
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}.part")
        torch.save(encode_clips(codec, np.random.default_rng([seed, 2])), part)
        part.replace(path)
    latents, words = torch.load(path, weights_only=True)
    return latents, words


@torch.no_grad()
def encode_clips(codec: Codec, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Paint and encode the training clips: latents float16 (N, T, dim) and words int64 (N, 4)."""
    batch = scenes.draw(rng, CLIPS, CLIP_FRAMES)
    latents = torch.empty(CLIPS, CLIP_FRAMES, codec.config.dim, dtype=torch.float16)
    for first in range(0, CLIPS, 20):
        part = slice(first, first + 20)
        looks = np.repeat(batch.captions[part, :2], CLIP_FRAMES, axis=0)
        frames = scenes.paint(looks[:, 0], looks[:, 1], batch.centres[part].reshape(-1, 2))
        encoded = codec.encode(frames_to_float(torch.from_numpy(frames)))
        latents[part] = encoded.unflatten(0, (-1, CLIP_FRAMES)).to(torch.float16)
    return latents, torch.from_numpy(batch.captions)


def _decibel(error: Tensor) -> float:
    return float(-10 * torch.log10(error.mean()))


RECIPES: dict[str, type[Recipe]] = {
    "codec": CodecRecipe,
    "latent-diffusion": FlowRecipe,
    "hybrid": FlowRecipe,
    "autoregressive": TokenRecipe,
}
FILES = {
    "codec": "codec.safetensors",
    "latent-diffusion": "transformer.safetensors",
    "hybrid": "transformer.safetensors",
    "autoregressive": "tokens.safetensors",
}
