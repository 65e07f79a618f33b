"""The autoregressive generator: a few tokens a frame, one after another, frame after frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from vbench_lite.adapters.reference.base import ReferenceConfig, ReferenceGenerator
from vbench_lite.adapters.reference.worlds import TOKENS_FILE
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

    from vbench_lite.adapters.reference.cached_steps import StepWeights
    from vbench_lite.adapters.reference.token_model import TokenModel


class AutoregressiveConfig(ReferenceConfig):
    """How tokens are sampled.

    Attributes:
        temperature: of the draw of a token; 0 takes the likeliest.
        top_k: how many of the likeliest tokens are drawn from; 0 means all.
        guidance: scale of classifier-free guidance; 1 is none.
        kv_cache: without it every token recomputes everything before it: the same clip, many times slower.
    """

    temperature: float = Field(default=0.7, ge=0, le=5)
    top_k: int = Field(default=10, ge=0)
    guidance: float = Field(default=2.0, ge=0, le=20)
    kv_cache: bool = True


class Autoregressive(ReferenceGenerator):
    """Causal transformer over the tokens of the shared codec, with a sliding key-value cache."""

    Config: ClassVar[type[GeneratorConfig]] = AutoregressiveConfig
    quantised: ClassVar[bool] = True
    network_files: ClassVar[tuple[str, ...]] = (TOKENS_FILE,)
    _model: TokenModel | None = None
    _weights: StepWeights | None = None

    @property
    def info(self) -> GeneratorInfo:
        """What this generator is."""
        return self.reference_info(
            "autoregressive",
            family=Family.AUTOREGRESSIVE,
            mechanism=Mechanism.TOKEN_AUTOREGRESSIVE,
            streaming=Streaming.FRAME,
            kv_cache=self.config.kv_cache,
            summary=f"Token model with {self.world.tokens} tokens a frame, a trunk that steps from frame to "
            "frame over a sliding window of 8 frames and a head that writes the tokens of one frame.",
        )

    @property
    def model(self) -> TokenModel:
        """The loaded token model; raises RuntimeError before `load`."""
        return self.loaded(self._model)

    def load(self) -> None:
        """Load the codec and the token model."""
        from vbench_lite.adapters.reference.cached_steps import StepWeights

        self.load_codec()
        model = self.installed(self.world.token_model(), TOKENS_FILE)
        self._model, self._weights = model, StepWeights(model)

    def close(self) -> None:
        """Free the weights."""
        self._model = self._codec = self._weights = None

    def make(
        self, indices: Sequence[int], requests: Sequence[GenerationRequest], context: GenerationContext
    ) -> None:
        """Write frame after frame and emit each as soon as it is decoded."""
        for latents in self.written(requests, context):
            context.phase("decode")
            self.emit(context, indices, latents)

    def written(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> Iterator[Tensor]:
        """Codec latents float32 (B, 1, dim) of frame after frame, a given image among them."""
        import torch

        from vbench_lite.adapters.reference.sampling import TokenSampler

        model, codec, first = self.model, self.codec, requests[0]
        temperature = float(self.number(first, "temperature", 0, 5))
        top_k = int(self.number(first, "top_k", 0, model.config.vocabulary))
        guidance = float(self.number(first, "guidance", 0, 20))
        opens = first.past_frames is None  # the caption's direction holds from the first frame
        cached = self.config.kv_cache
        sampler = TokenSampler(model, codec, self.words(requests), opens, guidance, cached, self._weights)
        rngs = [torch.Generator("cpu").manual_seed(r.seed) for r in requests]
        context.phase("encode")
        given = self.given(first)
        made = 0
        if given is not None:
            # The cache reaches back a window; two frames more make its first entries whole.
            for latents in given[0, -model.config.window - 2 :]:
                sampler.accept(codec.to_tokens(latents)[None])
            if opens:
                yield given
                made = 1
        for frame in range(made, first.num_frames):
            context.phase("decode_tokens")
            tokens = sampler.next(rngs, temperature, top_k)
            context.step(frame + 1, first.num_frames)
            yield codec.from_tokens(tokens)[:, None]
        written = (first.num_frames - made) * codec.tokens
        context.note(
            tokens=written * len(requests),
            nfe=self.share(written * (1 if guidance == 1 else 2), requests),
            kv_cache_bytes=sampler.cache_bytes(),
        )
