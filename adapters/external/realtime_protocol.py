"""What a protocol of realtime video has to say and to read; each is one file beside this one.

A protocol object serves one session: it builds what is sent, and turns each message that comes into frames,
in the order of the stream or not at all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from vbench_lite.adapters.external.answers import Json, look_up
from vbench_lite.adapters.external.websocket import Message
from vbench_lite.control import Action
from vbench_lite.errors import GeneratorError
from vbench_lite.generator import Frames, GenerationRequest
from vbench_lite.video.limits import Limits


class Protocol(ABC):
    """One session.

    Args:
        name: what errors call the stream.
        shown: makes a text of the server fit for a message.

    Attributes:
        path: where servers of this protocol are asked, unless the configuration says otherwise.
        actions: what it has words for, of `control.ACTIONS`.
        ended: whether the server has said that nothing more comes.
        chunks: whole chunks that have come.
        applied: by number of a control event, the first frame that the server said it used it for.
    """

    path: ClassVar[str]
    actions: ClassVar[frozenset[str]]

    def __init__(self, name: str, shown: Callable[[str], str], limits: Limits) -> None:
        self.name, self._shown, self._limits = name, shown, limits
        self.ended = False
        self.chunks = 0
        self.applied: dict[int, int] = {}

    @abstractmethod
    def opening(self, request: GenerationRequest, model: str, chunks: int | None) -> dict[str, Json]:
        """Fields of the message that opens a session, without those that are nothing.

        Args:
            chunks: after which the server may stop; None if that is not known.
        """

    @abstractmethod
    def packed(self, fields: Mapping[str, Any]) -> Message:
        """Fields as a message."""

    @abstractmethod
    def take(self, message: Message) -> Frames | None:
        """The frames, uint8 (T, H, W, 3), that a message completes; None if none.

        Raises:
            GeneratorError: the server tells of an error, or breaks the protocol. ClipError: damaged frames.
        """

    @abstractmethod
    def control(self, number: int, before: Action, after: Action, prompt: str) -> list[Message]:
        """What tells a server of a change of control, which it takes up at its next boundary.

        Args:
            number: of the event, from 1. prompt: in force where the action has none.
        """

    def finish(self) -> Frames | None:
        """The frames that are still held when the stream has ended; raises as `take`."""
        return None

    def stop(self) -> Message | None:
        """What asks the server to stop, beside closing the session."""
        return None

    def keep_alive(self) -> Message | None:
        """What tells the server now and then that somebody waits."""
        return None

    def _broke(self, what: str) -> GeneratorError:
        return GeneratorError(f"{self.name}: the server breaks the protocol: {what}")

    def _count(self, fields: Mapping[str, Json], name: str, default: int | None = None) -> int:
        """A whole number, at least 0, of a message."""
        value = look_up(fields, name)
        if value is None and default is not None:
            return default
        if type(value) is not int or value < 0:
            raise self._broke(f"{name} is {self._shown(repr(value))}")
        return value

    def _in_order(self, fields: Mapping[str, Json], name: str, expected: int) -> None:
        """Raise unless a number that counts pieces, where it is told, is the next one."""
        found = self._count(fields, name, expected)
        if found != expected:
            raise self._broke(
                f"{name} {found} came where {expected} was due: pieces are lost or out of order"
            )


def whole(number: float) -> int | float:
    """A number without a fraction as an integer, as servers that ask for one take it."""
    return int(number) if float(number).is_integer() else number
