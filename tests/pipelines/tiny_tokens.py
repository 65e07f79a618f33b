"""A tiny token model of video: a Llama of a few thousand weights, and a decoder that paints its tokens."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tiny_components as tiny
import tiny_pipelines

COLOURS = 27  # three levels of red, green and blue
FIRST = 32  # the tokens before are letters
SIDE = 4  # tokens in a row of a frame
SIZE = 32


class Painter:
    """Every token is a square of one colour; 16 of them are a frame of 32x32."""

    def __init__(self, levels: int = 3) -> None:
        self.levels = levels

    def __call__(self, tokens: Any) -> Any:
        """int64 (rows, frames * 16) in [0, 27) to uint8 (rows, frames, 32, 32, 3)."""
        grid = tokens.cpu().numpy().reshape(len(tokens), -1, SIDE, SIDE)
        digits = [grid // self.levels**place % self.levels for place in range(3)]
        small = (np.stack(digits, -1) * (255 // (self.levels - 1))).astype(np.uint8)
        return small.repeat(SIZE // SIDE, 2).repeat(SIZE // SIDE, 3)


def floats(tokens: Any) -> Any:
    """A decoder that forgets to make integers."""
    return np.zeros((len(tokens), 1, SIZE, SIZE, 3))


@cache
def folder() -> Path:
    """The folder of the model and its tokenizer, as `save_pretrained` writes them."""
    from transformers import LlamaConfig, LlamaForCausalLM

    target = tiny_pipelines.cache_folder() / "token-model"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=target.parent))
        with tiny.seeded(0):
            model = LlamaForCausalLM(
                LlamaConfig(
                    vocab_size=FIRST + COLOURS, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
                    num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512,
                    initializer_range=0.5, pad_token_id=0, bos_token_id=1, eos_token_id=2,
                )
            ).eval()  # fmt: skip
        model.save_pretrained(scratch)
        tiny.llama_tokenizer().save_pretrained(scratch)
        try:
            scratch.rename(target)
        except OSError:  # another process was quicker
            shutil.rmtree(scratch)
    return target


def configuration(**changes: Any) -> dict[str, Any]:
    """The adapter's configuration for it."""
    return {
        "model": str(folder()),
        "decoder": "tiny_tokens:Painter",
        "height": SIZE,
        "width": SIZE,
        "tokens_per_chunk": SIDE * SIDE,
        "vocabulary": [FIRST, FIRST + COLOURS],
        "weights_license": "Apache-2.0",
        **changes,
    }
