"""The generators of the stage world: the three families, and one that feeds one family into another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from vbench_lite.adapters.reference.autoregressive import Autoregressive
from vbench_lite.adapters.reference.hybrid import Hybrid
from vbench_lite.adapters.reference.latent_diffusion import LatentDiffusion, LatentDiffusionConfig
from vbench_lite.adapters.reference.worlds import STAGE, TOKENS_FILE, TRANSFORMER_FILE, World
from vbench_lite.generator import (
    Family,
    GenerationContext,
    GenerationRequest,
    GeneratorConfig,
    GeneratorInfo,
    Mechanism,
    Streaming,
)


class StageLatentDiffusion(LatentDiffusion):
    """Bidirectional rectified flow over the latent vectors of sixteen frames."""

    world: ClassVar[World] = STAGE


class StageAutoregressive(Autoregressive):
    """Causal transformer over eleven tokens a frame."""

    world: ClassVar[World] = STAGE


class StageHybrid(Hybrid):
    """Block-causal rectified flow with cached clean context."""

    world: ClassVar[World] = STAGE


class RefinedConfig(LatentDiffusionConfig):
    """How a draft is refined.

    Attributes:
        strength: how far the draft is moved back towards noise: near 0 it stays as it is, 1 forgets it.
            The denoising steps are that share of `steps`.
        temperature, top_k: how the tokens of the draft are drawn; 0 takes the likeliest, and all.
    """

    strength: float = Field(default=0.5, gt=0, le=1)
    temperature: float = Field(default=0.7, ge=0, le=5)
    top_k: int = Field(default=10, ge=0)


class Refined(LatentDiffusion):
    """The autoregressive draft, noised and denoised by the diffusion model (SDEdit, arXiv:2108.01073)."""

    Config: ClassVar[type[GeneratorConfig]] = RefinedConfig
    world: ClassVar[World] = STAGE
    network_files: ClassVar[tuple[str, ...]] = (TRANSFORMER_FILE, TOKENS_FILE)
    _writer: StageAutoregressive

    def __init__(self, config: Mapping[str, Any] | None = None, device: str = "cpu") -> None:
        """Check the configuration of both stages; raises SpecError as `ReferenceGenerator` does."""
        super().__init__(config, device)
        shared = ("folder", "setting", "temperature", "top_k", "guidance")
        self._writer = StageAutoregressive({name: getattr(self.config, name) for name in shared}, device)

    @property
    def info(self) -> GeneratorInfo:
        """What this generator is."""
        return self.reference_info(
            "refined",
            family=Family.HYBRID,
            mechanism=Mechanism.BIDIRECTIONAL,
            streaming=Streaming.NONE,
            kv_cache=True,
            noise_dim=self.world.dim,
            summary="The clip of the autoregressive generator, moved halfway back to noise and denoised by "
            "the latent diffusion generator; no weights of its own.",
        )

    def load(self) -> None:
        """Load the codec and both networks."""
        super().load()
        self._writer.load()

    def close(self) -> None:
        """Free the weights."""
        super().close()
        self._writer.close()

    def begin(self, clips: int) -> None:
        """The draft is a part of the same call."""
        super().begin(clips)
        self._writer.begin(clips)

    def make(
        self, indices: Sequence[int], requests: Sequence[GenerationRequest], context: GenerationContext
    ) -> None:
        """Write a draft of the clips, refine it, decode, and emit each clip once."""
        import torch

        strength = float(self.number(requests[0], "strength", 0, 1))
        draft = torch.cat(list(self._writer.written(requests, context)), 1)
        latents = self.denoise(requests, context, draft, max(strength, 1e-3))
        context.phase("decode")
        self.emit(context, indices, latents)
