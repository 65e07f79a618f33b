"""The hybrid generator: diffusion within a block of four frames, autoregression from block to block.

Clean blocks leave their keys and values in a cache that holds two blocks, so a clip of any length
costs the same memory, and every block leaves as soon as it is denoised.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

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


class HybridConfig(ReferenceConfig):
    """Denoising steps of a block, and classifier-free guidance (1 is none)."""

    steps: int = Field(default=8, ge=1, le=1000)
    guidance: float = Field(default=2.0, ge=0, le=20)


class Hybrid(FlowGenerator):
    """Block-causal rectified flow with cached clean context."""

    Config: ClassVar[type[GeneratorConfig]] = HybridConfig

    @property
    def info(self) -> GeneratorInfo:
        """What this generator is."""
        return GeneratorInfo(
            name="reference/hybrid",
            family=Family.HYBRID,
            mechanism=Mechanism.DIFFUSION_FORCING,
            tasks=(Task.T2V, Task.I2V, Task.V2V),
            prompts="closed",
            vocabulary="shapes",
            size=SIZE,
            native_fps=shapes.FPS,
            guidance=True,
            streaming=Streaming.CHUNK,
            kv_cache=True,
            latents=True,
            noise_dim=LATENT_DIM,
            licence="Apache-2.0",
            weights_licence="Apache-2.0",
            weights_sha256=weights.digest([CODEC_FILE, TRANSFORMER_FILE], self.config.folder),
            summary="The same video transformer with a block-causal mask: blocks of 4 frames, a few "
            "steps each, over a cache of the last 2 blocks; it runs to any length.",
        )

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        """Denoise block after block and emit each as soon as it is decoded."""
        import torch

        for indices in self.groups(requests):
            with torch.inference_mode():
                self._generate(indices, [requests[i] for i in indices], context)

    def _generate(
        self,
        indices: Sequence[int],
        requests: Sequence[GenerationRequest],
        context: GenerationContext,
    ) -> None:
        import torch

        from vbench_lite.adapters.reference.sampling import BlockSampler

        if self._model is None:
            raise RuntimeError("Hybrid is not loaded; call load() first")
        model, first = self._model, requests[0]
        steps = int(self.number(first, "steps", 1, 1000))
        guidance = float(self.number(first, "guidance", 0, 20))
        size, reach = model.config.block, model.config.context_blocks
        words = torch.tensor([word_indices(r.prompt) for r in requests])
        sampler = BlockSampler(model, words, guidance)
        context.phase("encode")
        given = self.given(first)
        opens = first.past_frames is None  # the caption's direction holds from the first frame
        skipped = 0  # given frames of the present block that are not part of the clip
        if given is not None:
            given = model.normalise(given)
        if given is not None and not opens:
            whole = min(given.shape[1] // size, reach)
            for block in given[:, given.shape[1] - whole * size :].split(size, 1) if whole else ():
                sampler.accept(block, False)
            given = None if whole else given
            skipped = given.shape[1] if given is not None else 0
        noise = self.initial_noise(requests, -(-(first.num_frames + skipped) // size) * size)
        blocks = noise.shape[1] // size
        for number, fresh in enumerate(noise.split(size, 1)):
            context.phase("denoise")
            marker = opens and number == 0
            x = sampler.denoise(
                fresh,
                steps,
                marker,
                given if number == 0 else None,
                partial(_report, context, number, blocks),
            )
            if number + 1 < blocks:
                sampler.accept(x, marker)
            context.phase("decode")
            begin = skipped if number == 0 else 0
            end = min(size, first.num_frames + skipped - number * size)
            self.emit(context, indices, model.denormalise(x[:, begin:end]))
        context.note(
            nfe=(blocks * steps + blocks - 1) * (1 if guidance == 1 else 2),
            blocks=blocks,
            kv_cache_bytes=sampler.cache_bytes(),
        )


def _report(context: GenerationContext, block: int, blocks: int, done: int, total: int) -> None:
    context.step(block * total + done, blocks * total)
