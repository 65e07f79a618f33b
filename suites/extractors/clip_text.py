"""Texts to CLIP ViT-B/32 embeddings, each once in a process; says where a text was cut."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from vbench_lite.arrays import Floats, Floats32
from vbench_lite.extractor import Features
from vbench_lite.weights import files

if TYPE_CHECKING:
    from vbench_lite.suites.extractors.clip_network import TextTower

KEY = "clip-vit-b32-openai"
CONTEXT = 77  # tokens, of which two mark the beginning and the end


@dataclass(frozen=True)
class TextEmbedding:
    """A text as CLIP sees it.

    Attributes:
        vector: float32 (512,), of length 1.
        tokens: how many the text has, beginning and end included; those above CONTEXT are cut off.
    """

    vector: Floats32
    tokens: int

    @property
    def note(self) -> str | None:
        """What a reader should know of a text that was cut."""
        if self.tokens <= CONTEXT:
            return None
        return f"the text has {self.tokens} tokens; CLIP reads the first {CONTEXT} of them"


def embed(text: str) -> TextEmbedding:
    """The embedding of a text.

    Raises:
        WeightsError: CLIP's weights cannot be had.
    """
    return _embed(text, files.fingerprint(KEY))


def cosines(frames: Features, text: TextEmbedding) -> Floats:
    """Cosine of every frame's embedding, float32 (T, 512), and a text's, float64 (T,)."""
    rows = frames.astype(np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return np.clip(rows @ text.vector.astype(np.float64), -1, 1)


@cache
def _embed(text: str, fingerprint: str) -> TextEmbedding:
    import torch
    from open_clip.tokenizer import SimpleTokenizer

    tokenizer = SimpleTokenizer(context_length=CONTEXT)
    with torch.inference_mode():
        vector = _tower(fingerprint)(tokenizer([text]))[0].double()
    unit = (vector / vector.norm()).float().numpy()
    return TextEmbedding(unit, len(tokenizer.encode(text)) + 2)


@cache
def _tower(fingerprint: str) -> TextTower:
    """The text encoder; `fingerprint` tells files of one key apart."""
    from vbench_lite.suites.extractors.clip_network import TextTower

    return TextTower(files.state_dict(KEY)).eval()
