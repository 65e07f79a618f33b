"""What the two generators on the video transformer share: its weights, settings and progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from vbench_lite.adapters.reference.base import ReferenceConfig, ReferenceGenerator
from vbench_lite.adapters.reference.worlds import TRANSFORMER_FILE
from vbench_lite.generator import GenerationContext, GenerationRequest

if TYPE_CHECKING:
    from torch import nn

    from vbench_lite.adapters.reference.transformer import VideoTransformer

MOST_STEPS = 1000
MOST_GUIDANCE = 20


class FlowConfig(ReferenceConfig):
    """Configuration of a generator that denoises.

    Attributes:
        steps: denoising steps of a window or block of frames.
        guidance: scale of classifier-free guidance; 1 is none.
    """

    steps: int = Field(ge=1, le=MOST_STEPS)
    guidance: float = Field(default=2.0, ge=0, le=MOST_GUIDANCE)


class FlowGenerator(ReferenceGenerator):
    """A generator that denoises with the video transformer."""

    network_files: ClassVar[tuple[str, ...]] = (TRANSFORMER_FILE,)
    _model: VideoTransformer | None = None

    @property
    def model(self) -> VideoTransformer:
        """The loaded video transformer; raises RuntimeError before `load`."""
        return self.loaded(self._model)

    def load(self) -> None:
        """Load the codec and the video transformer."""
        self.load_codec()
        self._model = self.installed(self.world.transformer(), TRANSFORMER_FILE)

    def close(self) -> None:
        """Free the weights."""
        self._model = self._codec = None

    def denoisers(self) -> Sequence[nn.Module]:
        """The video transformer."""
        return () if self._model is None else (self._model,)

    def steps_and_guidance(self, request: GenerationRequest) -> tuple[int, float]:
        """How a request is denoised; raises RequestError where its parameters are out of bounds."""
        steps = self.number(request, "steps", 1, MOST_STEPS)
        return int(steps), float(self.number(request, "guidance", 0, MOST_GUIDANCE))


def part_of_clip(context: GenerationContext, part: int, parts: int) -> Callable[[int, int], None]:
    """A report of one part's steps (done, total), as steps of a clip of `parts` such parts."""
    return lambda done, total: context.step(part * total + done, parts * total)
