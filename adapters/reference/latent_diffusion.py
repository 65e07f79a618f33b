"""The latent diffusion generator: all frames of a window are denoised at once.

Clips beyond the window go on by re-conditioning: the last eight frames become the clean prefix of
the next window.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from vbench_lite.adapters.reference.flow import MOST_STEPS, FlowConfig, FlowGenerator, part_of_clip
from vbench_lite.generator import (
    Family,
    GenerationContext,
    GenerationRequest,
    GeneratorConfig,
    GeneratorInfo,
    Mechanism,
    Streaming,
)

if TYPE_CHECKING:
    from torch import Tensor

OVERLAP = 8  # frames that one window hands to the next


class LatentDiffusionConfig(FlowConfig):
    """Denoising steps of a window, and classifier-free guidance (1 is none)."""

    steps: int = Field(default=24, ge=1, le=MOST_STEPS)


class LatentDiffusion(FlowGenerator):
    """Bidirectional rectified flow over the latent vectors of sixteen frames."""

    Config: ClassVar[type[GeneratorConfig]] = LatentDiffusionConfig

    @property
    def info(self) -> GeneratorInfo:
        """What this generator is."""
        return self.reference_info(
            "latent-diffusion",
            family=Family.LATENT_DIFFUSION,
            mechanism=Mechanism.BIDIRECTIONAL,
            streaming=Streaming.NONE,
            noise_dim=self.world.dim,
            summary="Small video transformer that denoises 16 frames at once; longer clips are "
            "continued by giving it the last 8 frames as a clean prefix.",
        )

    def make(
        self, indices: Sequence[int], requests: Sequence[GenerationRequest], context: GenerationContext
    ) -> None:
        """Denoise every window of the clips, decode, and emit each clip once."""
        latents = self.denoise(requests, context)
        context.phase("decode")
        self.emit(context, indices, latents)

    def denoise(
        self,
        requests: Sequence[GenerationRequest],
        context: GenerationContext,
        draft: Tensor | None = None,
        strength: float = 1.0,
    ) -> Tensor:
        """Codec latents of the clips, float32 (B, num_frames, dim).

        Args:
            draft: codec latents to refine, float32 (B, num_frames, dim), or None to begin with noise.
            strength: how far the draft is moved back towards noise, see `denoise_window`.
        """
        import torch

        from vbench_lite.adapters.reference.sampling import denoise_window
        from vbench_lite.adapters.reference.transformer import LATE

        model, first = self.model, requests[0]
        steps, guidance = self.steps_and_guidance(first)
        window = model.config.window
        words = self.words(requests)
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
            blank = torch.zeros_like(prefix)
            outline = None
            if draft is not None:
                known = model.normalise(draft[:, place : place + window - kept])
                # The last window is as long as the others; beyond the draft its last frame stands still.
                rest = known[:, -1:].expand(-1, fresh.shape[1] - known.shape[1], -1)
                outline = torch.cat([blank, known, rest], 1)
            x = denoise_window(
                model,
                words,
                torch.cat([blank, fresh], 1),
                prefix if kept else None,
                place - kept if opens else LATE,
                steps,
                guidance,
                part_of_clip(context, windows, planned),
                outline,
                strength,
            )
            made = torch.cat([made, x[:, kept:]], 1)
            borders.append(made.shape[1] - skipped)
            windows += 1
        taken = steps if draft is None else max(1, round(steps * strength))
        evaluations = windows * taken * (1 if guidance == 1 else 2)
        context.note(nfe=self.share(evaluations, requests), windows=windows)
        if windows > 1:
            context.note(seams=" ".join(str(border) for border in borders[:-1]))
        return model.denormalise(made[:, skipped:target])
