"""Words of the stage world: vocabulary, scenes, the grammar of captions, and draws of scenes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from vbench_lite.datasets import shapes
from vbench_lite.errors import PromptError

WARM: tuple[str, ...] = ("red", "yellow", "magenta")
COOL: tuple[str, ...] = ("green", "blue", "cyan")
COLORS: dict[str, tuple[int, int, int]] = {
    **{name: shapes.COLOURS[name] for name in (*WARM, "green", "blue")},
    "cyan": (40, 210, 220),
}
SHAPES: tuple[str, ...] = ("circle", "square", "triangle", "star", "cross", "ring", "heart", "bar")
DIRECTIONS: dict[str, tuple[float, float]] = shapes.DIRECTIONS
SPEEDS: dict[str, float] = {"slowly": 1.5, "quickly": 3.0}  # pixels a frame
TEXTURES: tuple[str, ...] = ("stripes", "diagonals", "checks", "dots", "grid", "waves")
TINTS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {  # dark and light tone
    "grey": ((84, 84, 88), (126, 126, 130)),
    "brown": ((94, 76, 60), (136, 114, 94)),
    "olive": ((78, 86, 60), (114, 124, 92)),
    "slate": ((60, 74, 92), (94, 112, 132)),
}
PANS: dict[str, int] = {"still": 0, "panning left": -1, "panning right": 1}  # pixels a frame
EVENTS: dict[str, str] = {  # what the first object does, and the words for it
    "passes": "in front of",
    "leaves": "out of view and back beside",
    "turns": "then turns beside",
}

# Never used in training: pairs of color and shape, and (color in front, color behind) where one passes.
HELD_OUT_LOOKS: frozenset[tuple[str, str]] = frozenset(
    {("red", "heart"), ("yellow", "bar"), ("magenta", "cross"), ("green", "star"), ("blue", "ring"),
     ("cyan", "square")}
)  # fmt: skip
HELD_OUT_PASSES: frozenset[tuple[str, str]] = frozenset(
    {("yellow", "blue"), ("cyan", "magenta"), ("red", "cyan"), ("green", "red")}
)

_OBJECT = rf"a ({'|'.join(COLORS)}) ({'|'.join(SHAPES)})"
_MOTION = rf"moves ({'|'.join(DIRECTIONS)}) ({'|'.join(SPEEDS)})"
_CAPTION = re.compile(
    rf"{_OBJECT} {_MOTION} ({'|'.join(EVENTS.values())}) {_OBJECT} that {_MOTION}, "
    rf"over ({'|'.join(TINTS)}) ({'|'.join(TEXTURES)})(?: (panning (?:left|right)))?"
)
GRAMMAR = (
    "'a COLOR SHAPE moves DIRECTION SPEED EVENT a COLOR SHAPE that moves DIRECTION SPEED, "
    "over TINT TEXTURE [panning left|right]'"
)


@dataclass(frozen=True)
class Thing:
    """One object: its look and its motion, in words of the world."""

    color: str
    shape: str
    direction: str
    speed: str

    @property
    def warm(self) -> bool:
        """Whether its color is one of the warm ones."""
        return self.color in WARM

    @property
    def look(self) -> tuple[str, str]:
        """(color, shape)."""
        return self.color, self.shape


@dataclass(frozen=True)
class Scene:
    """What a caption says: `first` is in front of `second` wherever they meet."""

    first: Thing
    second: Thing
    event: str
    tint: str
    texture: str
    pan: str = "still"

    @property
    def caption(self) -> str:
        """The text of the scene."""
        a, b = self.first, self.second
        pan = "" if self.pan == "still" else f" {self.pan}"
        return (
            f"a {a.color} {a.shape} moves {a.direction} {a.speed} {EVENTS[self.event]} "
            f"a {b.color} {b.shape} that moves {b.direction} {b.speed}, over {self.tint} {self.texture}{pan}"
        )

    @property
    def held_out(self) -> bool:
        """Whether a look or the relation was kept out of training."""
        passes = self.event == "passes" and (self.first.color, self.second.color) in HELD_OUT_PASSES
        return passes or bool({self.first.look, self.second.look} & HELD_OUT_LOOKS)

    def fault(self) -> str | None:
        """Why the world has no such scene, or None if it has."""
        if self.first.warm == self.second.warm:
            return f"one object must be warm ({', '.join(WARM)}) and one cool ({', '.join(COOL)})"
        if self.event == "passes" and not _crossing(self.first.direction, self.second.direction):
            return "an object passes in front of another only at an angle of at least 90 degrees"
        if self.event == "leaves" and (self.first.direction not in CARDINAL or self.first.speed != "quickly"):
            return "an object leaves only quickly and to the right, down, left or up"
        return None


CARDINAL: tuple[str, ...] = ("right", "down", "left", "up")


def _crossing(one: str, other: str) -> bool:
    places = tuple(DIRECTIONS)
    gap = abs(places.index(one) - places.index(other))
    return min(gap, len(places) - gap) >= 2


@lru_cache(maxsize=8192)  # a plan asks for each of its prompts once a seed and generator
def parse_caption(text: str) -> Scene:
    """Return the scene of a caption.

    Raises:
        PromptError: the text is not a caption of the stage world.
    """
    match = _CAPTION.fullmatch(text.strip().lower())
    if match is None:
        raise PromptError(
            f"prompt outside vocabulary: {text!r} is not {GRAMMAR} (see: vbench-lite show stage)"
        )
    words = match.groups()
    event = next(name for name, text in EVENTS.items() if text == words[4])
    scene = Scene(Thing(*words[:4]), Thing(*words[5:9]), event, words[9], words[10], words[11] or "still")
    fault = scene.fault()
    if fault is not None:
        raise PromptError(f"prompt outside vocabulary: {text!r}: {fault}")
    return scene


def sample_scenes(count: int, seed: int, split: str = "seen") -> list[Scene]:
    """Return `count` scenes, the first N the same for any count >= N, every word equally often by chance.

    Args:
        split: "seen" (as in training), "held_out" (a look or relation that training never had),
            "all" (as they come), or "both" (a seen one and a held-out one in turn).
    """
    if split == "both":
        halves = (sample_scenes(count, seed, half) for half in ("seen", "held_out"))
        return [scene for pair in zip(*halves, strict=True) for scene in pair][:count]
    allowed = {"seen": (False,), "held_out": (True,), "all": (False, True)}[split]
    rng = np.random.default_rng([seed, 0x57A6E])
    scenes: list[Scene] = []
    events = tuple(EVENTS)
    while len(scenes) < count:
        scene = _draw(rng, events[len(scenes) % len(events)])
        if scene.fault() is None and scene.held_out in allowed:
            scenes.append(scene)
    return scenes


def _draw(rng: np.random.Generator, event: str) -> Scene:
    """A scene of an event with every other word drawn; it may have a fault."""

    def pick(words: tuple[str, ...]) -> str:
        return words[int(rng.integers(len(words)))]

    def thing(colors: tuple[str, ...], leaves: bool = False) -> Thing:
        directions, speeds = (CARDINAL, ("quickly",)) if leaves else (tuple(DIRECTIONS), tuple(SPEEDS))
        return Thing(pick(colors), pick(SHAPES), pick(directions), pick(speeds))

    first, second = (WARM, COOL) if rng.random() < 0.5 else (COOL, WARM)
    return Scene(
        thing(first, event == "leaves"), thing(second), event, pick(tuple(TINTS)), pick(TEXTURES),
        pick(tuple(PANS)),
    )  # fmt: skip


def attributes() -> dict[str, tuple[str, ...]]:
    """Every list of words of the world, by attribute."""
    return {
        "color": tuple(COLORS), "shape": SHAPES, "direction": tuple(DIRECTIONS), "speed": tuple(SPEEDS),
        "event": tuple(EVENTS), "tint": tuple(TINTS), "texture": TEXTURES, "pan": tuple(PANS),
    }  # fmt: skip


def _changed(scene: Scene, name: str, word: str) -> Scene:
    """The scene with another word for an attribute, of its first object where it is one of an object."""
    change: dict[str, Any] = {name: word}
    if hasattr(scene.first, name):
        return replace(scene, first=replace(scene.first, **change))
    return replace(scene, **change)


def edits(scene: Scene) -> dict[str, Scene]:
    """The scene with another word, one at a time, by the attribute that changed, of the first object or all.

    Each takes the next word of its list with which the scene is possible, and as seen or held out as it was.
    """
    changed: dict[str, Scene] = {}
    for name, choices in attributes().items():
        if name == "event":
            continue  # an event is several words, and changes more than one thing that can be seen
        now = getattr(scene.first if hasattr(scene.first, name) else scene, name)
        place = choices.index(now)
        for word in choices[place + 1 :] + choices[:place]:
            other = _changed(scene, name, word)
            if other.fault() is None and other.held_out == scene.held_out:
                changed[name] = other
                break
    return changed
