"""A clip through the VAE of a pipeline and back: what detail the latent code keeps.

Latents are as the VAE gives them, before any scaling for the denoiser, and the mode of its distribution, so
that nothing random is in them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vbench_lite.generator import Frames

# VAEs that take images: every frame is one of a batch.
IMAGE_VAES = ("AutoencoderKL", "AutoencoderTiny", "AsymmetricAutoencoderKL", "AutoencoderKLTemporalDecoder")


def encode(vae: Any, frames: Frames, temporal: int) -> Any:
    """Latents of frames, uint8 (T, H, W, 3).

    Args:
        temporal: frames a latent frame stands for; the last frame is repeated to fill it.
    """
    import torch

    missing = -(len(frames) - 1) % temporal
    filled = np.concatenate([frames, np.repeat(frames[-1:], missing, axis=0)])
    values = torch.from_numpy(filled).to(vae.device, vae.dtype).permute(3, 0, 1, 2) / 127.5 - 1
    images = type(vae).__name__ in IMAGE_VAES
    given = values.transpose(0, 1) if images else values[None]
    with torch.inference_mode():
        found = vae.encode(given.contiguous())
    return found.latent_dist.mode() if hasattr(found, "latent_dist") else found.latents


def decode(vae: Any, latents: Any, num_frames: int) -> Frames:
    """The first `num_frames` frames of what `encode` returned, uint8 (T, H, W, 3)."""
    import torch

    more: dict[str, Any] = {}
    if type(vae).__name__ == "AutoencoderKLTemporalDecoder":
        more["num_frames"] = len(latents)
    if getattr(vae.config, "timestep_conditioning", False):  # LTX: the decoder as without added noise
        more["temb"] = torch.zeros(len(latents), device=latents.device, dtype=latents.dtype)
    with torch.inference_mode():
        video = vae.decode(latents, **more, return_dict=False)[0]
    video = video if video.ndim == 4 else video[0].transpose(0, 1)
    values = ((video.float() / 2 + 0.5).clamp(0, 1) * 255).round()
    made: Frames = values[:num_frames].permute(0, 2, 3, 1).to("cpu", torch.uint8).numpy()
    return made
