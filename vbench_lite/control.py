"""Controls: what a player holds in each frame, for generators that can be steered while they run.

A script is written as its holds, `KEYS*FRAMES`, one after another: `D*7 0*5 W+A*7` holds D for seven frames,
nothing for five, then W and A together for seven. A session that is longer than its script begins it again.
Beside keys, a hold may have a new text (`"a red circle moves left"*8`) and a movement of the camera for each
frame (`camera(0,0,0.1,0,2,0)*8`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import accumulate
from math import isfinite
from typing import Any

from vbench_lite.errors import SpecError

MOVES = {"W": "forward", "A": "left", "S": "backward", "D": "right"}
LOOKS = {"up": "up", "left": "left", "down": "down", "right": "right"}
KEYS = (*MOVES, *LOOKS)
PROMPT, CAMERA = "prompt", "camera"
ACTIONS = (*KEYS, PROMPT, CAMERA)  # what `GeneratorInfo.actions` may name
CAMERA_NUMBERS = 6
NOTHING = "0"

_PART = r'"[^"]*"|camera\([^()]*\)|\w+'
_HOLD = re.compile(rf"((?:{_PART})(?:\+(?:{_PART}))*)\*([1-9]\d{{0,5}})")
_PARTS = re.compile(_PART)


@dataclass(frozen=True)
class Action:
    """What is held in a frame.

    Attributes:
        keys: of `KEYS`, in their order: W A S D move, up left down right (the arrows) look; () for none.
            Letters mean other things to other models: an adapter translates.
        prompt: a text that is in force instead of the request's own, or None.
        camera: movement of the camera in each frame: right, down and forward (in the model's own unit of
            length), then yaw to the right, pitch up and roll (degrees); () for none.
    """

    keys: tuple[str, ...] = ()
    prompt: str | None = None
    camera: tuple[float, ...] = ()

    @property
    def kinds(self) -> frozenset[str]:
        """What a generator has to understand for it, in the words of `GeneratorInfo.actions`."""
        more = [PROMPT] * (self.prompt is not None) + [CAMERA] * bool(self.camera)
        return frozenset([*self.keys, *more])

    @property
    def words(self) -> str:
        """The action as text, for generators that understand nothing else; empty where nothing is held."""
        moves = [MOVES[key] for key in self.keys if key in MOVES]
        looks = [LOOKS[key] for key in self.keys if key in LOOKS]
        told = [f"the camera moves {' and '.join(moves)}"] if moves else []
        return ", ".join([*told, *([f"the camera turns {' and '.join(looks)}"] if looks else [])])

    @property
    def parts(self) -> tuple[str, ...]:
        """What is held, each as a script writes it; () where nothing is."""
        more = [f'"{self.prompt}"'] if self.prompt is not None else []
        numbers = ",".join(f"{number:g}" for number in self.camera)
        return (*self.keys, *more, *([f"camera({numbers})"] if numbers else []))

    @property
    def label(self) -> str:
        """As a script writes it: "W+A", or "0" where nothing is held."""
        return "+".join(self.parts) or NOTHING

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "keys": list(self.keys), "camera": list(self.camera)}


@dataclass(frozen=True)
class Hold:
    """An action in force for so many frames, 1 or more."""

    action: Action
    frames: int


@dataclass(frozen=True)
class Span:
    """A hold where it stands in a session: frames [start, stop)."""

    start: int
    stop: int
    action: Action


@dataclass(frozen=True)
class Script:
    """What is held in each frame of a session, as holds one after another, begun again at their end."""

    holds: tuple[Hold, ...]

    @cached_property
    def _ends(self) -> tuple[int, ...]:
        return tuple(accumulate(hold.frames for hold in self.holds))

    @property
    def kinds(self) -> frozenset[str]:
        """What a generator has to understand for it."""
        return frozenset().union(*(hold.action.kinds for hold in self.holds))

    def span_at(self, frame: int) -> Span:
        """The hold in force in a frame, counted from 0; its stop may lie behind the end of the session."""
        round_, place = divmod(frame, self._ends[-1])
        index = next(i for i, end in enumerate(self._ends) if place < end)
        stop = round_ * self._ends[-1] + self._ends[index]
        return Span(stop - self.holds[index].frames, stop, self.holds[index].action)

    def at(self, frame: int) -> Action:
        """The action in force in a frame, counted from 0."""
        return self.span_at(frame).action

    def spans(self, num_frames: int) -> Iterator[Span]:
        """The holds of a session of so many frames, the last one cut at its end."""
        frame = 0
        while frame < num_frames:
            span = self.span_at(frame)
            yield Span(frame, min(span.stop, num_frames), span.action)
            frame = span.stop

    def __str__(self) -> str:
        return " ".join(f"{hold.action.label}*{hold.frames}" for hold in self.holds)


def parse_script(text: str) -> Script:
    """The script that a text says, as in `D*7 0*5 W+A*7`.

    Raises:
        SpecError: it is not of this form; the message says which part is not.
    """
    holds, place = [], 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        found = _HOLD.match(text, place)
        if found is None or text[found.end() : found.end() + 1].strip():
            raise SpecError(
                f"script {text!r}: {text[place:].split()[0]!r} is no hold KEYS*FRAMES, as in W+A*8, "
                '0*4, "a new text"*8 or camera(0,0,1,0,0,0)*8'
            )
        holds.append(Hold(_action(found[1], text), int(found[2])))
        place = found.end()
    if not holds:
        raise SpecError(f"script {text!r} has no hold, as in D*8 0*4 A*8")
    return Script(tuple(holds))


def action_of(told: Mapping[str, Any]) -> Action:
    """The inverse of `Action.as_dict`."""
    return Action(tuple(told["keys"]), told["prompt"], tuple(told["camera"]))


def worded(prompt: str, action: Action) -> str:
    """A prompt with the action in words behind it: how generators of open prompts are told by default."""
    text = prompt if action.prompt is None else action.prompt
    return f"{text}, {action.words}" if action.words else text


def _action(text: str, script: str) -> Action:
    keys: set[str] = set()
    prompt: str | None = None
    camera: tuple[float, ...] = ()
    for part in _PARTS.findall(text):
        if part.startswith('"'):
            prompt = part[1:-1]
        elif part.startswith("camera("):
            camera = _camera(part, script)
        elif part in KEYS:
            keys.add(part)
        elif part != NOTHING:
            raise SpecError(
                f"script {script!r}: there is no key {part!r}; keys are {' '.join(KEYS)}, 0 is none"
            )
    return Action(tuple(key for key in KEYS if key in keys), prompt, camera)


def _camera(part: str, script: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(number) for number in part[len("camera(") : -1].split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != CAMERA_NUMBERS or not all(map(isfinite, numbers)):
        raise SpecError(
            f"script {script!r}: {part!r} has to hold {CAMERA_NUMBERS} numbers: right, down, forward, "
            "yaw, pitch, roll"
        )
    return numbers
