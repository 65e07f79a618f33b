"""The worlds that the reference generators are trained on, and the networks of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vbench_lite.adapters.reference import stage_words
from vbench_lite.control import PROMPT, Action
from vbench_lite.datasets import shapes
from vbench_lite.datasets.shapes import steering
from vbench_lite.datasets.stage import motion, render

if TYPE_CHECKING:
    from vbench_lite.adapters.reference.token_model import TokenModel
    from vbench_lite.adapters.reference.tokens import TokenCodec
    from vbench_lite.adapters.reference.transformer import VideoTransformer

CODEC_FILE, TRANSFORMER_FILE, TOKENS_FILE = (
    f"{name}.safetensors" for name in ("codec", "transformer", "tokens")
)


@dataclass(frozen=True)
class World:
    """A closed world of captions and the shape of its networks.

    Attributes:
        name: of the data set, and of the vocabulary of captions.
        side: pixels of a frame in each direction.
        fps: frames a second.
        dim: numbers in the latent vector of a frame.
        tokens: tokens that stand for them.
        choices: how many choices each word of a caption has.
        word_indices: a caption as indices, one for each of `choices`; raises PromptError.
        ages: frames from the beginning of a clip that are told apart, besides the first.
        folder: where its packaged weights lie in the folder of weights.
        actions: by which it can be steered; () for none.
    """

    name: str
    side: int
    fps: float
    dim: int
    tokens: int
    choices: tuple[int, ...]
    word_indices: Callable[[str], list[int]]
    ages: int
    folder: str
    actions: tuple[str, ...] = ()

    def worded(self, caption: str, action: Action) -> str:
        """A caption that says what is held; raises PromptError where the world cannot say it."""
        return steering.steered_caption(caption, action)

    def codec(self) -> TokenCodec:
        """A fresh codec."""
        from vbench_lite.adapters.reference.codec import Codec
        from vbench_lite.adapters.reference.stage_codec import StageCodec

        return StageCodec() if self.name == "stage" else Codec()

    def transformer(self) -> VideoTransformer:
        """A fresh video transformer."""
        from vbench_lite.adapters.reference.transformer import TransformerConfig, VideoTransformer

        return VideoTransformer(TransformerConfig(latent_dim=self.dim, words=self.choices, ages=self.ages))

    def token_model(self) -> TokenModel:
        """A fresh token model."""
        from vbench_lite.adapters.reference.token_model import TokenModel, TokenModelConfig

        return TokenModel(
            TokenModelConfig(tokens=self.tokens, latent_dim=self.dim, words=self.choices, ages=self.ages)
        )


_SHAPES_WORDS: tuple[tuple[str, ...], ...] = (
    tuple(shapes.COLOURS),
    shapes.SHAPES,
    tuple(shapes.DIRECTIONS),
    tuple(shapes.SPEEDS),
)


def _shapes_indices(prompt: str) -> list[int]:
    """A caption of the shapes world as four indices: colour, shape, direction, speed."""
    scene = shapes.parse_caption(prompt)
    words = (scene.colour, scene.shape, scene.direction, scene.speed)
    return [row.index(word) for row, word in zip(_SHAPES_WORDS, words, strict=True)]


SHAPES = World(
    name="shapes",
    side=shapes.BASE_SIZE,
    fps=shapes.FPS,
    dim=24,
    tokens=8,
    choices=tuple(len(row) for row in _SHAPES_WORDS),
    word_indices=_shapes_indices,
    ages=0,
    folder="",
    actions=(*steering.STEERING_KEYS, PROMPT),
)
STAGE = World(
    name="stage",
    side=motion.SIZE,
    fps=render.FPS,
    dim=25,
    tokens=11,
    choices=stage_words.CHOICES,
    word_indices=stage_words.word_indices,
    ages=24,
    folder="stage/",
)
WORLDS = {world.name: world for world in (SHAPES, STAGE)}
