"""A caption of the stage world as word indices, with the objects in the codec's order: warm, then cool."""

from __future__ import annotations

from vbench_lite.datasets.stage import words

_THING = (words.SHAPES, tuple(words.DIRECTIONS), tuple(words.SPEEDS))
_EVENTS = [(event, warm_first) for event in words.EVENTS for warm_first in (True, False)]
_ROWS: tuple[tuple[object, ...], ...] = (
    words.WARM, *_THING, words.COOL, *_THING, tuple(_EVENTS), tuple(words.TINTS), words.TEXTURES,
    tuple(words.PANS),
)  # fmt: skip
CHOICES: tuple[int, ...] = tuple(len(row) for row in _ROWS)


def word_indices(prompt: str) -> list[int]:
    """A caption as twelve indices, of which CHOICES says the numbers.

    Raises:
        PromptError: the prompt is not a caption of the stage world.
    """
    scene = words.parse_caption(prompt)
    both = (scene.first, scene.second) if scene.first.warm else (scene.second, scene.first)
    things: list[object] = [word for t in both for word in (t.color, t.shape, t.direction, t.speed)]
    said = [*things, (scene.event, scene.first.warm), scene.tint, scene.texture, scene.pan]
    return [row.index(word) for row, word in zip(_ROWS, said, strict=True)]
