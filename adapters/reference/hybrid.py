"""The hybrid generator: diffusion within a block of four frames, autoregression from block to block.

Clean blocks leave their keys and values in a cache that holds two blocks, so a clip of any length
costs the same memory, and every block leaves as soon as it is denoised.

Steered, it asks for a control before each block. A turn begins as a clip from an image does: the last frame
is given, the caption says the direction held, and the cache begins anew. Its world has no word for rest, so
while nothing is held it shows its last frame again and computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from vbench_lite.adapters.reference.base import TASKS
from vbench_lite.adapters.reference.flow import MOST_STEPS, FlowConfig, FlowGenerator, part_of_clip
from vbench_lite.control import Action
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


class HybridConfig(FlowConfig):
    """Denoising steps of a block, and classifier-free guidance (1 is none)."""

    steps: int = Field(default=8, ge=1, le=MOST_STEPS)


class Hybrid(FlowGenerator):
    """Block-causal rectified flow with cached clean context."""

    Config: ClassVar[type[GeneratorConfig]] = HybridConfig

    @property
    def info(self) -> GeneratorInfo:
        """What this generator is."""
        return self.reference_info(
            "hybrid",
            (*TASKS, Task.WORLD) if self.world.actions else TASKS,
            family=Family.HYBRID,
            mechanism=Mechanism.DIFFUSION_FORCING,
            streaming=Streaming.CHUNK,
            kv_cache=True,
            noise_dim=self.world.dim,
            actions=self.world.actions,
            summary="The same video transformer with a block-causal mask: blocks of 4 frames, a few "
            "steps each, over a cache of the last 2 blocks; it runs to any length.",
        )

    def make(
        self, indices: Sequence[int], requests: Sequence[GenerationRequest], context: GenerationContext
    ) -> None:
        """Denoise block after block and emit each as soon as it is decoded."""
        from vbench_lite.adapters.reference.sampling import BlockSampler

        if requests[0].script is not None:
            self._steer(indices[0], requests[0], context)
            return
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

    def _steer(self, index: int, request: GenerationRequest, context: GenerationContext) -> None:
        """Make a session: a block for the control in force, then the next."""
        import torch

        from vbench_lite.adapters.reference.sampling import BlockSampler

        model, size = self.model, self.model.config.block
        steps, guidance = self.steps_and_guidance(request)
        generator = torch.Generator("cpu").manual_seed(request.seed)
        context.phase("encode")
        given = self.given(request)
        last = None if given is None else model.normalise(given)[:, -1:]
        sampler: BlockSampler | None = None
        caption, made, evaluations, cache_bytes = "", 0, 0, 0
        while made < request.num_frames:
            action = context.control(index)
            wanted = self.world.worded(request.prompt, action)
            context.phase("denoise")
            if action == Action() and made:
                assert last is not None
                block, sampler = last.expand(-1, size, -1), None
            else:
                turns = sampler is None or wanted != caption
                if sampler is None or wanted != caption:
                    words = torch.tensor([self.world.word_indices(wanted)])
                    sampler, caption = BlockSampler(model, words, guidance, True), wanted
                noise = torch.randn(1, size, self.codec.dim, generator=generator)
                whole = sampler.denoise(noise, steps, last if turns else None)
                sampler.accept(whole)
                evaluations += steps + 1
                cache_bytes = max(cache_bytes, sampler.cache_bytes())
                # A turn begins by showing what was shown last; only a session's first frame is new then.
                block = whole[:, 1:] if turns and made else whole
            context.phase("decode")
            self.emit(context, [index], model.denormalise(block[:, : request.num_frames - made]))
            last, made = block[:, -1:], made + block.shape[1]
            context.step(min(made, request.num_frames), request.num_frames)
        rows = 1 if guidance == 1 else 2
        context.note(nfe=self.share(evaluations * rows, [request]), kv_cache_bytes=cache_bytes)
