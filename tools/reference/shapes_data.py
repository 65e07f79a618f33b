"""Training clips of the shapes world as latents."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tools.reference import scenes
from vbench_lite.adapters.reference.tokens import TokenCodec, frames_to_float

CLIPS, CLIP_FRAMES = 24_000, 24


@torch.no_grad()
def encode_clips(codec: TokenCodec, seed: int) -> tuple[Tensor, Tensor]:
    """Paint and encode the training clips: latents float16 (N, T, dim) and words int64 (N, words)."""
    batch = scenes.draw(np.random.default_rng([seed, 2]), CLIPS, CLIP_FRAMES)
    latents = torch.empty(CLIPS, CLIP_FRAMES, codec.dim, dtype=torch.float16)
    for first in range(0, CLIPS, 20):
        part = slice(first, first + 20)
        looks = np.repeat(batch.captions[part, :2], CLIP_FRAMES, axis=0)
        frames = scenes.paint(looks[:, 0], looks[:, 1], batch.centres[part].reshape(-1, 2))
        encoded = codec.encode(frames_to_float(torch.from_numpy(frames)))
        latents[part] = encoded.unflatten(0, (-1, CLIP_FRAMES)).to(torch.float16)
    return latents, torch.from_numpy(batch.captions)
