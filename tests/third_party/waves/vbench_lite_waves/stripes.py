"""A generator in thirty lines: stripes that move, streamed frame by frame."""

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
    Streaming,
)


class Stripes(Generator):
    """Vertical stripes that move one pixel a frame; the seed picks where they start."""

    class Config(GeneratorConfig):
        """What a specification may set.

        Attributes:
            period: Pixels from stripe to stripe.
        """

        period: int = 8

    @property
    def info(self) -> GeneratorInfo:
        return GeneratorInfo(
            name="waves/stripes",
            family=Family.EXTERNAL,
            streaming=Streaming.FRAME,
            license="MIT",
            weights_license="MIT",
            summary="moving stripes",
        )

    def load(self) -> None:
        """There are no weights."""

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        for index, request in enumerate(requests):
            start = int(np.random.default_rng(request.seed).integers(self.config.period))
            for t in range(request.num_frames):
                columns = (np.arange(request.width) + start + t) % self.config.period
                row = (columns * (255 // self.config.period)).astype(np.uint8)
                frame = np.broadcast_to(row[None, :, None], (request.height, request.width, 3))
                context.emit(index, np.ascontiguousarray(frame[None]))
