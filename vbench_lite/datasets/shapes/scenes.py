"""Scenes of the shapes world: vocabulary, captions, balanced draws and edits.

A scene is a colour, a shape, a direction and a speed; its caption is
``a {colour} {shape} moves {direction} {slowly|quickly}``.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from vbench_lite.errors import PromptError

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (230, 40, 40),
    "green": (40, 200, 60),
    "blue": (50, 90, 240),
    "yellow": (240, 220, 40),
    "magenta": (220, 60, 220),
    "white": (240, 240, 240),
}
SHAPES: tuple[str, ...] = (
    "circle",
    "square",
    "triangle",
    "star",
    "cross",
    "diamond",
    "ring",
    "heart",
    "arrow",
    "crescent",
    "hexagon",
    "bar",
)
_DIAGONAL = math.sqrt(0.5)
DIRECTIONS: dict[str, tuple[float, float]] = {  # unit (x, y); y grows downwards
    "right": (1.0, 0.0),
    "down-right": (_DIAGONAL, _DIAGONAL),
    "down": (0.0, 1.0),
    "down-left": (-_DIAGONAL, _DIAGONAL),
    "left": (-1.0, 0.0),
    "up-left": (-_DIAGONAL, -_DIAGONAL),
    "up": (0.0, -1.0),
    "up-right": (_DIAGONAL, -_DIAGONAL),
}
SPEEDS: dict[str, float] = {"slowly": 1.0, "quickly": 2.0}  # pixels a frame at 32x32

FPS = 8.0
DEFAULT_FRAMES = 16
BASE_SIZE = 32
RADIUS = 6.0  # half the box of a shape at 32x32, in pixels
CAPTION_HOLDS_FRAMES = 8  # the first bounce comes after this many frames, so a caption is visible

# Clips that generators are measured with come from seeds in [HELD_OUT_STREAM, HELD_OUT_STREAM + 2**31).
# Training and reference sets use seeds far below, so no clip of theirs is ever one of them.
HELD_OUT_STREAM = 0xC0_4780 << 40

# Pairs never used in training: each colour once or twice, no shape more than once.
HELD_OUT: frozenset[tuple[str, str]] = frozenset(
    {
        ("red", "star"),
        ("green", "ring"),
        ("blue", "heart"),
        ("yellow", "cross"),
        ("magenta", "triangle"),
        ("white", "arrow"),
        ("red", "bar"),
        ("blue", "square"),
    }
)

_CAPTION = re.compile(
    rf"a ({'|'.join(COLOURS)}) ({'|'.join(SHAPES)}) moves ({'|'.join(DIRECTIONS)}) ({'|'.join(SPEEDS)})"
)


@dataclass(frozen=True)
class Scene:
    """What a caption says. All four words come from the vocabulary of the world."""

    colour: str
    shape: str
    direction: str
    speed: str

    @property
    def caption(self) -> str:
        return f"a {self.colour} {self.shape} moves {self.direction} {self.speed}"

    @property
    def held_out(self) -> bool:
        """Whether the pair (colour, shape) was kept out of training."""
        return (self.colour, self.shape) in HELD_OUT


@lru_cache(maxsize=8192)  # a plan asks for each of its prompts once a seed and generator
def parse_caption(text: str) -> Scene:
    """Return the scene of a caption.

    Raises:
        PromptError: the text is not a caption of the shapes world.
    """
    match = _CAPTION.fullmatch(text.strip().lower())
    if match is None:
        raise PromptError(
            f"prompt outside vocabulary: {text!r} is not 'a COLOUR SHAPE moves DIRECTION SPEED' "
            "(see: vbench-lite show shapes)"
        )
    return Scene(*match.groups())


@lru_cache(maxsize=1)
def all_scenes() -> tuple[Scene, ...]:
    """Every scene of the world, in a fixed order."""
    return tuple(Scene(*words) for words in itertools.product(COLOURS, SHAPES, DIRECTIONS, SPEEDS))


def sample_scenes(count: int, seed: int, split: str = "seen") -> list[Scene]:
    """Return `count` scenes, balanced over every attribute, the first N the same for any count >= N.

    Args:
        split: "seen" (pairs used in training), "held_out", "all" (pairs of both kinds as often as
            there are), or "both" (a seen one and a held-out one in turn).
    """
    if split == "both":
        halves = (sample_scenes(count, seed, half) for half in ("seen", "held_out"))
        return [scene for pair in zip(*halves, strict=True) for scene in pair][:count]
    allowed = {"seen": (False,), "held_out": (True,), "all": (False, True)}[split]
    rng = np.random.default_rng([seed, 0x5CE7E])
    pairs = [p for p in itertools.product(COLOURS, SHAPES) if (p in HELD_OUT) in allowed]
    motions = list(itertools.product(DIRECTIONS, SPEEDS))
    scenes: list[Scene] = []
    while len(scenes) < count:
        # One deck: every pair once, ordered so that colours and shapes alternate; motions dealt evenly.
        deck = _spread([pairs[i] for i in rng.permutation(len(pairs))])
        dealt: list[tuple[str, str]] = []
        while len(dealt) < len(deck):
            dealt += [motions[i] for i in rng.permutation(len(motions))]
        scenes += [
            Scene(colour, shape, *motion) for (colour, shape), motion in zip(deck, dealt, strict=False)
        ]
    return scenes[:count]


def edits(scene: Scene) -> dict[str, Scene]:
    """The scene with another colour, shape, direction and speed, one at a time, by the word that changed.

    Colour and shape change to the next word of the vocabulary, if there is one with which the pair is as
    seen or as held out as it was; the direction turns by a quarter, and the speed is the other one.
    """
    names = (("colour", tuple(COLOURS)), ("shape", SHAPES))
    changed: dict[str, Scene] = {}
    for attribute, words in names:
        place = words.index(getattr(scene, attribute))
        others = [replace(scene, **{attribute: word}) for word in words[place + 1 :] + words[:place]]
        changed[attribute] = next((o for o in others if o.held_out == scene.held_out), others[0])
    directions = tuple(DIRECTIONS)
    turned = directions[(directions.index(scene.direction) + 2) % len(directions)]
    other_speed = next(speed for speed in SPEEDS if speed != scene.speed)
    return changed | {
        "direction": replace(scene, direction=turned),
        "speed": replace(scene, speed=other_speed),
    }


def _spread(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Order pairs greedily so that the attribute values seen least come next."""
    seen: dict[str, int] = dict.fromkeys([*COLOURS, *SHAPES], 0)
    left, ordered = list(pairs), []
    while left:
        pair = min(left, key=lambda p: seen[p[0]] / len(SHAPES) + seen[p[1]] / len(COLOURS))
        left.remove(pair)
        ordered.append(pair)
        seen[pair[0]] += 1
        seen[pair[1]] += 1
    return ordered
