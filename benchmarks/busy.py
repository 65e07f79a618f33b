"""A generator that computes on one thread; in a module that imports what an adapter does, and no more."""

from __future__ import annotations

import os
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

STEPS = int(os.environ.get("BENCH_SCALE_STEPS", "400"))
SIDE = 192


class Busy(Generator):
    """Multiplies matrices, a fixed number of steps a clip, and then emits noise."""

    Config = GeneratorConfig

    @property
    def info(self) -> GeneratorInfo:
        return GeneratorInfo(name="busy", family=Family.EXTERNAL, native_fps=8.0)

    def load(self) -> None:
        """There is nothing to load."""

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        for index, request in enumerate(requests):
            rng = np.random.default_rng(request.seed)
            state = rng.normal(size=(SIDE, SIDE))
            for step in range(STEPS):
                state = np.tanh(state @ state.T / SIDE)
                context.step(step, STEPS)
            shape = (request.num_frames, request.height, request.width, 3)
            context.emit(index, rng.integers(0, 256, shape, dtype=np.uint8))
