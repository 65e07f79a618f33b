"""How a generator that cannot be steered while it runs is steered all the same: turn by turn.

The stated default, for any generator that takes an image or past frames: a session is made in turns of
`TURN_FRAMES` frames or the next count that the generator makes. Each turn is a call of its own that gets the
last frame (or, where it takes no image, the last frames) and the prompt with what is held in words. From an
image a turn begins by showing it, so its first frame is left out after the first turn. Controls are sampled
between turns only, which is what response and wait then show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vbench_lite.clip import Frames
from vbench_lite.control import Action, worded
from vbench_lite.dataset import load_dataset
from vbench_lite.errors import RequestError
from vbench_lite.generator import (
    GenerationContext,
    GenerationRequest,
    Generator,
    GeneratorInfo,
    Task,
)

TURN_FRAMES = 8
_SEEDS = 2**31


def answer(generator: Generator, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
    """Make the clips of a call, turn by turn where it is steered and the generator cannot be."""
    if requests[0].script is None or generator.info.actions:
        generator.answer(requests, context)
        return
    for index, request in enumerate(requests):
        _Session(generator, request, index, context).make()


def made_size(info: GeneratorInfo, request: GenerationRequest) -> GenerationRequest:
    """The request with the frame count and size that will be made; a session of turns may be of any length.

    Raises:
        RequestError: the generator can make nothing of the kind, or not be told what the script holds.
    """
    if request.script is None:
        return info.snap(request)
    if info.actions:
        if unknown := sorted(request.script.kinds - set(info.actions)):
            raise RequestError(
                f"it is steered by {', '.join(info.actions)}; it cannot be told {', '.join(unknown)}"
            )
        return info.snap(request)
    turn_frames(info)
    return request.sized(request.num_frames, *info.size.snap(request.height, request.width))


def turn_frames(info: GeneratorInfo) -> int:
    """Frames that a call for one turn makes, the given image's rendering included.

    Raises:
        RequestError: the generator takes no frames to go on from.
    """
    if not {Task.I2V, Task.V2V} & set(info.tasks):
        raise RequestError("it takes neither controls nor a frame to go on from, so it cannot be steered")
    return info.frames.snap(TURN_FRAMES + (Task.I2V in info.tasks))


class _Session(GenerationContext):
    """One session, and the sink of its turns: frames go on at once, as far as the session wants them."""

    def __init__(
        self, generator: Generator, request: GenerationRequest, index: int, context: GenerationContext
    ) -> None:
        self._generator, self._request, self._index, self._outer = generator, request, index, context
        self._left = request.num_frames
        self._last: Frames = np.empty((0, request.height, request.width, 3), np.uint8)
        self._skip = 0  # frames of the present turn that show what was given
        self._vocabulary = generator.info.vocabulary

    def make(self) -> None:
        turn, info = 0, self._generator.info
        while self._left > 0:
            action = self._outer.control(self._index)
            self._generator.generate([self._turn(turn, action, info)], self)
            turn += 1

    def _turn(self, turn: int, action: Action, info: GeneratorInfo) -> GenerationRequest:
        request = self._request
        made = replace(
            request,
            prompt=self._worded(action),
            num_frames=turn_frames(info),
            seed=(request.seed + turn) % _SEEDS,
            script=None,
        )
        if turn == 0:
            if request.image is None or Task.I2V in info.tasks:
                return made
            return replace(made, image=None, past_frames=request.image[None])
        if Task.I2V in info.tasks:
            self._skip = 1
            return replace(made, image=self._last[-1], past_frames=None)
        return replace(made, image=None, past_frames=self._last)

    def _worded(self, action: Action) -> str:
        if self._vocabulary is None:
            return worded(self._request.prompt, action)
        return load_dataset(self._vocabulary).worded(self._request.prompt, action)

    # --- what the generator calls ---------------------------------------------------------------

    def step(self, done: int, total: int) -> None:
        self._outer.step(done, total)

    def emit(self, request_index: int, frames: Frames) -> None:
        skipped = min(self._skip, len(frames))
        self._skip -= skipped
        wanted = frames[skipped : skipped + self._left]
        if len(wanted):
            self._left -= len(wanted)
            self._last = np.concatenate([self._last, wanted])[-TURN_FRAMES:]
            self._outer.emit(self._index, wanted)

    def phase(self, name: str) -> None:
        self._outer.phase(name)

    def note(self, **facts: int | float | str | bool | None) -> None:
        self._outer.note(**facts)

    @property
    def cancelled(self) -> bool:
        return self._outer.cancelled
