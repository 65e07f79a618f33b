"""Control arms of steered suites: sessions that follow in a known way before anything is measured.

`oracle` is the world itself, steered: the ceiling. `action-blind` is the world in which nobody steers,
`copy-last` shows the first frame for ever, `swapped-keys` hears the opposite of each key: they follow by
chance, never, and wrongly. `delayed-3` is the oracle three frames late. They ask for a control before every
frame, as a generator of frames does.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from vbench_lite.adapters.controls import Control, data_of
from vbench_lite.control import ACTIONS, Action, Hold, Script
from vbench_lite.dataset import ClipSize
from vbench_lite.errors import RequestError
from vbench_lite.generator import (
    Frames,
    GenerationContext,
    GenerationRequest,
    GeneratorInfo,
    Mechanism,
    Streaming,
    Task,
)

_OPPOSITES = (("W", "S"), ("A", "D"), ("up", "down"), ("left", "right"))
_OPPOSITE = {**dict(_OPPOSITES), **{second: first for first, second in _OPPOSITES}}


class SteeredControl(Control):
    """Base: makes a session frame by frame from what the data set says follows."""

    @property
    def info(self) -> GeneratorInfo:
        return replace(
            super().info,
            tasks=(Task.WORLD,),
            mechanism=Mechanism.FRAME_AUTOREGRESSIVE,
            streaming=Streaming.FRAME,
            actions=ACTIONS,
            latents=False,
        )

    def check(self, request: GenerationRequest) -> None:
        """Raise RequestError or PromptError unless the data set can be steered so."""
        self._follows(replace(request, num_frames=1), self.heard(_script(request), 1))

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        """Ask, show a frame, ask again."""
        context.phase("render")
        for index, request in enumerate(requests):
            for frame in self.clip(request):
                context.control(index)
                context.emit(index, frame[None])

    def clip(self, request: GenerationRequest) -> Frames:
        return self._follows(request, self.heard(_script(request), request.num_frames))

    @abstractmethod
    def heard(self, script: Script, num_frames: int) -> Script | None:
        """What this arm makes of what is held; None: nobody steers."""

    def _follows(self, request: GenerationRequest, script: Script | None) -> Frames:
        size = ClipSize(request.num_frames, request.height, request.width, request.fps)
        return data_of(request).steered(request.prompt, script, request.seed, size).frames()


def _script(request: GenerationRequest) -> Script:
    if request.script is None:
        raise RequestError("this control shows a steered world, and the request has no script")
    return request.script


class Oracle(SteeredControl):
    """The world itself, steered: the ceiling."""

    name = "oracle"
    summary = "what really follows when the world is steered: the ceiling of every metric"

    def heard(self, script: Script, num_frames: int) -> Script:
        return script


class ActionBlind(SteeredControl):
    """The world in which nobody steers."""

    name = "action-blind"
    summary = "the world from the same first frame, its script ignored"

    def heard(self, script: Script, num_frames: int) -> None:
        return None


class Delayed(SteeredControl):
    """The oracle, some frames late."""

    delay: ClassVar[int] = 3  # frames
    name = "delayed-3"
    summary = "the steered world, every action three frames late"

    def heard(self, script: Script, num_frames: int) -> Script:
        spans = [span for span in script.spans(num_frames) if span.stop > 1]
        # What is held at the first frame, which is given, moves nothing: not three frames later either.
        holds = [Hold(span.action, span.stop - max(span.start, 1)) for span in spans]
        return Script((Hold(Action(), self.delay + 1), *holds))


class CopyLast(SteeredControl):
    """The first frame for ever."""

    name = "copy-last"
    summary = "the first frame of the steered world, repeated"

    def heard(self, script: Script, num_frames: int) -> Script:
        return script

    def clip(self, request: GenerationRequest) -> Frames:
        return np.repeat(super().clip(replace(request, num_frames=1)), request.num_frames, axis=0)


class SwappedKeys(SteeredControl):
    """The world, steered with the opposite of every key."""

    name = "swapped-keys"
    summary = "the world steered with the opposite of every key"

    def heard(self, script: Script, num_frames: int) -> Script:
        return Script(
            tuple(
                Hold(
                    replace(hold.action, keys=tuple(_OPPOSITE[key] for key in hold.action.keys)), hold.frames
                )
                for hold in script.holds
            )
        )
