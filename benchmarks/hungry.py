"""A generator that asks for more memory than any device has, on every third request."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbench_lite.generator import (
    Family,
    GenerationContext,
    GenerationRequest,
    Generator,
    GeneratorConfig,
    GeneratorInfo,
)

TOO_MUCH = 2**50  # bytes


class Hungry(Generator):
    """Noise of its seed, made on its device."""

    Config = GeneratorConfig

    @property
    def info(self) -> GeneratorInfo:
        return GeneratorInfo(name="hungry", family=Family.EXTERNAL, native_fps=8.0)

    def load(self) -> None:
        """There is nothing to load."""

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        import torch

        for index, request in enumerate(requests):
            if request.prompt.startswith("third"):
                torch.empty(TOO_MUCH, dtype=torch.uint8, device=self.device)
            noise = torch.Generator("cpu").manual_seed(request.seed)
            shape = (request.num_frames, request.height, request.width, 3)
            frames = torch.randint(0, 256, shape, generator=noise, dtype=torch.uint8).to(self.device)
            context.emit(index, np.asarray(frames.cpu()))
