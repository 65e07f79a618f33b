"""The hybrid generator: diffusion within a block of four frames, autoregression from block to block.

Clean blocks leave their keys and values in a cache that holds two blocks, so a clip of any length
costs the same memory, and every block leaves as soon as it is denoised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

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


class HybridConfig(FlowConfig):
    """Denoising steps of a block, and classifier-free guidance (1 is none)."""

    steps: int = Field(default=8, ge=1, le=MOST_STEPS)


class Hybrid(FlowGenerator):
    """Block-causal rectified flow with cached clean context."""

    Config: ClassVar[type[GeneratorConfig]] = HybridConfig

    @property
    def info(self) -> GeneratorInfo:
        """What this generator is."""
        shared = self.reference_info(
            "hybrid",
            Family.HYBRID,
            Mechanism.DIFFUSION_FORCING,
            Streaming.CHUNK,
            "The same video transformer with a block-causal mask: blocks of 4 frames, a few "
            "steps each, over a cache of the last 2 blocks; it runs to any length.",
        )
        return replace(shared, kv_cache=True, noise_dim=self.world.dim)

    def make(
        self, indices: Sequence[int], requests: Sequence[GenerationRequest], context: GenerationContext
    ) -> None:
        """Denoise block after block and emit each as soon as it is decoded."""
        from vbench_lite.adapters.reference.sampling import BlockSampler

        model, first = self.model, requests[0]
        steps, guidance = self.steps_and_guidance(first)
        size, reach = model.config.block, model.config.context_blocks
        words = self.words(requests)
        opens = first.past_frames is None  # the caption's direction holds from the first frame
        sampler = BlockSampler(model, words, guidance, opens)
        context.phase("encode")
        given = self.given(first)
        skipped = 0  # given frames of the present block that are not part of the clip
        if given is not None:
            given = model.normalise(given)
        if given is not None and not opens:
            whole = min(given.shape[1] // size, reach)
            for block in given[:, given.shape[1] - whole * size :].split(size, 1) if whole else ():
                sampler.accept(block)
            given = None if whole else given
            skipped = given.shape[1] if given is not None else 0
        noise = self.initial_noise(requests, -(-(first.num_frames + skipped) // size) * size)
        blocks = noise.shape[1] // size
        for number, fresh in enumerate(noise.split(size, 1)):
            context.phase("denoise")
            x = sampler.denoise(
                fresh,
                steps,
                given if number == 0 else None,
                part_of_clip(context, number, blocks),
            )
            if number + 1 < blocks:
                sampler.accept(x)
            context.phase("decode")
            begin = skipped if number == 0 else 0
            end = min(size, first.num_frames + skipped - number * size)
            self.emit(context, indices, model.denormalise(x[:, begin:end]))
        context.note(
            nfe=self.share((blocks * steps + blocks - 1) * (1 if guidance == 1 else 2), requests),
            blocks=blocks,
            kv_cache_bytes=sampler.cache_bytes(),
        )
