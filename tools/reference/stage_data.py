"""Training data of the stage world: painted frames with the renderer's masks, and clips as latents."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vbench_lite.adapters.reference.stage_codec import SIDE
from vbench_lite.adapters.reference.stage_words import word_indices
from vbench_lite.adapters.reference.tokens import TokenCodec, frames_to_float
from vbench_lite.datasets.stage import render, words

CLIPS, CLIP_FRAMES = 20_000, 24
PAINTED_CLIPS, PAINTED_EACH, PAINTED_LENGTH = 6_000, 8, 40  # frames drawn from each clip, and its length


def painted_frames(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Single frames, and what the renderer knows of them.

    Returns:
        Frames uint8 (N, 48, 48, 3); how much of each pixel is the warm and the cool object, uint8
        (N, 48, 48, 2); their centers (x, y) in pixels, float32 (N, 2, 2).
    """
    rng = np.random.default_rng([seed, 3])
    count = PAINTED_CLIPS * PAINTED_EACH
    frames = np.empty((count, SIDE, SIDE, 3), np.uint8)
    shares = np.empty((count, SIDE, SIDE, 2), np.uint8)
    centers = np.empty((count, 2, 2), np.float32)
    for number, scene in enumerate(words.sample_scenes(PAINTED_CLIPS, seed)):
        placed = render.layout(scene, int(rng.integers(2**31)), PAINTED_LENGTH)
        kept = rng.choice(PAINTED_LENGTH, PAINTED_EACH, replace=False)
        order = [0, 1] if scene.first.warm else [1, 0]
        part = slice(number * PAINTED_EACH, (number + 1) * PAINTED_EACH)
        frames[part] = render.render(scene, placed)[kept]
        shares[part] = render.visible(scene, placed)[kept][..., order]
        centers[part] = placed.centers[order].transpose(1, 0, 2)[kept]
    return torch.from_numpy(frames), torch.from_numpy(shares), torch.from_numpy(centers)


@torch.no_grad()
def encode_clips(codec: TokenCodec, seed: int) -> tuple[Tensor, Tensor]:
    """Paint and encode the training clips: latents float16 (N, T, dim) and words int64 (N, words)."""
    scenes = words.sample_scenes(CLIPS, seed + 1)
    latents = torch.empty(CLIPS, CLIP_FRAMES, codec.dim, dtype=torch.float16)
    for number, scene in enumerate(scenes):
        clip = render.real_clip(scene, seed * CLIPS + number, CLIP_FRAMES)
        latents[number] = codec.encode(frames_to_float(torch.from_numpy(clip))).to(torch.float16)
    return latents, torch.tensor([word_indices(scene.caption) for scene in scenes])
