"""What the two generators on the video transformer share: its weights, loaded and freed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vbench_lite.adapters.reference import weights
from vbench_lite.adapters.reference.base import ReferenceGenerator

if TYPE_CHECKING:
    from torch import nn

    from vbench_lite.adapters.reference.transformer import VideoTransformer

TRANSFORMER_FILE = "transformer.safetensors"


class FlowGenerator(ReferenceGenerator):
    """A generator that denoises with the video transformer."""

    _model: VideoTransformer | None = None

    def load(self) -> None:
        """Load the codec and the video transformer."""
        from vbench_lite.adapters.reference.transformer import VideoTransformer

        self.load_codec()
        model = VideoTransformer()
        weights.install(model, TRANSFORMER_FILE, self.config.folder, self.config.setting)
        self._model = model

    def close(self) -> None:
        """Free the weights."""
        self._model = self._codec = None

    def denoisers(self) -> Sequence[nn.Module]:
        """The video transformer."""
        return () if self._model is None else (self._model,)
