"""The latent diffusion generator: all frames of a window are denoised at once.

Clips beyond the window go on by re-conditioning: the last eight frames become the clean prefix of
the next window.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from vbench_lite.adapters.reference import weights
from vbench_lite.adapters.reference.base import (
    CODEC_FILE,
    LATENT_DIM,
    SIZE,
    ReferenceConfig,
    word_indices,
)
from vbench_lite.adapters.reference.flow import TRANSFORMER_FILE, FlowGenerator
from vbench_lite.datasets import shapes
from vbench_lite.generator import (
    Family,
    GenerationContext,
    GenerationRequest,
    GeneratorConfig,
    GeneratorInfo,
    Mechanism,
    Streaming,
    Task,
)

if TYPE_CHECKING:
    from torch import Tensor


OVERLAP = 8  # frames that one window hands to the next


class LatentDiffusionConfig(ReferenceConfig):
    """Denoising steps of a window, and classifier-free guidance (1 is none)."""

    steps: int = Field(default=24, ge=1, le=1000)
    guidance: float = Field(default=2.0, ge=0, le=20)


class LatentDiffusion(FlowGenerator):
    """Bidirectional rectified flow over the latent vectors of sixteen frames."""

    Config: ClassVar[type[GeneratorConfig]] = LatentDiffusionConfig

    @property
    def info(self) -> GeneratorInfo:
        """What this generator is."""
        return GeneratorInfo(
            name="reference/latent-diffusion",
            family=Family.LATENT_DIFFUSION,
            mechanism=Mechanism.BIDIRECTIONAL,
            tasks=(Task.T2V, Task.I2V, Task.V2V),
            prompts="closed",
            vocabulary="shapes",
            size=SIZE,
            native_fps=shapes.FPS,
            guidance=True,
            streaming=Streaming.NONE,
            latents=True,
            noise_dim=LATENT_DIM,
            licence="Apache-2.0",
            weights_licence="Apache-2.0",
            weights_sha256=weights.digest([CODEC_FILE, TRANSFORMER_FILE], self.config.folder),
            summary="Small video transformer that denoises 16 frames at once; longer clips are "
            "continued by giving it the last 8 frames as a clean prefix.",
        )

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        """Denoise every window of every clip, decode, and emit each clip once."""
        import torch

        for indices in self.groups(requests):
            with torch.inference_mode():
                latents = self._denoise([requests[i] for i in indices], context)
                context.phase("decode")
                self.emit(context, indices, latents)

    def _denoise(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> Tensor:
        """Codec latents of the clips, float32 (B, num_frames, dim)."""
        import torch

        from vbench_lite.adapters.reference.sampling import denoise_window

        if self._model is None:
            raise RuntimeError("LatentDiffusion is not loaded; call load() first")
        model, first = self._model, requests[0]
        steps = int(self.number(first, "steps", 1, 1000))
        guidance = float(self.number(first, "guidance", 0, 20))
        window = model.config.window
        words = torch.tensor([word_indices(r.prompt) for r in requests])
        context.phase("encode")
        given = self.given(first)
        made = torch.zeros(len(requests), 0, model.config.latent_dim)
        skipped = 0  # given frames that are not part of the clip
        if given is not None:
            made = model.normalise(given)
            if first.past_frames is not None:
                made = made[:, -OVERLAP:]
                skipped = made.shape[1]
        context.phase("denoise")
        target = first.num_frames + skipped
        # The window always has its training length; frames beyond the request are cut off.
        noise = self.initial_noise(requests, first.num_frames + window)
        opens = first.past_frames is None  # the caption's direction holds from the first frame
        planned = 1 + max(0, -(-(target - window) // OVERLAP))
        windows, borders = 0, []
        while made.shape[1] < target:
            prefix = made[:, -OVERLAP:]
            kept, place = prefix.shape[1], made.shape[1] - skipped
            fresh = noise[:, place : place + window - kept]
            x = denoise_window(
                model,
                words,
                torch.cat([torch.zeros_like(prefix), fresh], 1),
                prefix if kept else None,
                opens and windows == 0,
                steps,
                guidance,
                partial(_report, context, windows, planned),
            )
            made = torch.cat([made, x[:, kept:]], 1)
            borders.append(made.shape[1] - skipped)
            windows += 1
        context.note(nfe=windows * steps * (1 if guidance == 1 else 2), windows=windows)
        if windows > 1:
            context.note(seams=" ".join(str(border) for border in borders[:-1]))
        return model.denormalise(made[:, skipped:target])


def _report(context: GenerationContext, window: int, windows: int, done: int, total: int) -> None:
    context.step(window * total + done, windows * total)
