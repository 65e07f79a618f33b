"""The harness's end of a worker: messages as lines of JSON on its stdin and stdout, frames as raw bytes.

The protocol is on one page: docs/adapters/protocol.md. Frames follow their line on the same pipe rather than
in shared memory: a pipe reaches through containers and ssh, and leaves nothing behind after a crash.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from vbench_lite.adapters.external.child import Child, told
from vbench_lite.clip import Frames
from vbench_lite.errors import Cancelled, GeneratorError, RequestError, SpecError
from vbench_lite.generator import GenerationContext, GenerationRequest

PROTOCOL = 2
UNDERSTOOD = (1, 2)  # a worker of version 1 knows no controls
CANCEL_GRACE_S = 1.0  # for a call that was asked to stop, before the process is ended
_LOOK_S = 0.1  # between two looks at a request to stop, while the worker is silent
_LINE_BYTES = 2**20
_READ_BYTES = 2**16
_CHATTER_BYTES = 2**20  # what may be printed to stdout before the worker takes it over
_SHOWN_CHARACTERS = 80
_END_S = 2.0  # for the exit of a process whose stdout is closed

Message = dict[str, Any]


class WorkerSession:
    """One worker process, from its first word to its end.

    Args:
        child: the process, with pipes.
        max_clip_bytes: of the frames of one clip; more are refused before they are read.

    Raises:
        SpecError: the worker speaks another version of the protocol.
        GeneratorError: it died, or said something that is no message.
    """

    def __init__(self, child: Child, max_clip_bytes: int) -> None:
        self._child, self._max_clip_bytes = child, max_clip_bytes
        assert child.process.stdin is not None and child.process.stdout is not None
        self._to, self._from = child.process.stdin, child.process.stdout.fileno()
        self._waiting = bytearray()
        self._call, self._numbers_calls, self._stray = 0, False, 0
        self.baseline_bytes: int | None = None
        hello = self._hello()
        self.protocol = hello.get("protocol")
        if self.protocol not in UNDERSTOOD:
            raise SpecError(
                f"the worker speaks protocol {hello.get('protocol')!r}, this vbench_lite {PROTOCOL}; copy "
                "the file anew: python -m vbench_lite.adapters.external.foreign says where it lies"
            )

    @property
    def alive(self) -> bool:
        """Whether the worker can be asked for something."""
        return not self._child.ended

    @property
    def quiet(self) -> bool:
        """Whether nothing came since the last call that could be taken for a part of the next one."""
        return self._numbers_calls or not (self._waiting or select.select([self._from], [], [], 0)[0])

    def load(self, device: str, threads: int) -> None:
        """Have the worker load its model; returns when it has."""
        self._send({"type": "load", "device": device, "threads": threads})
        message = self._next(_nothing)
        if message["type"] == "failed":
            raise self._failure(message)
        if message["type"] != "loaded":
            raise self._fault(f"it answered load with {_shown(message)}")
        self.baseline_bytes = self._count(message, "baseline_bytes")

    def call(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        """Have the worker make clips; what it sends goes to the context at once.

        Raises:
            Cancelled: the runner asked to stop. The worker is ended unless it heeds that in time.
            GeneratorError: it failed, died, or broke the protocol; in the last two cases it is ended.
            MemoryError: it ran out of memory.
        """

        def stop_if_asked() -> None:
            if context.cancelled:
                raise Cancelled("the runner asked the generator to stop")

        self._call, self._stray = self._call + 1, 0
        asked = [_described(request) for request in requests]
        self._send({"type": "generate", "call": self._call, "requests": asked})
        left = self._max_clip_bytes * len(requests)
        try:
            while (message := self._next(stop_if_asked))["type"] not in ("done", "failed"):
                left -= self._pass_on(message, context, len(requests), left, stop_if_asked)
        except BaseException:
            self._settle()
            raise
        if message["type"] == "failed":
            if message.get("cancelled") and context.cancelled:
                raise Cancelled("the worker stopped when it was asked")
            raise self._failure(message)
        context.note(peak_bytes=self._count(message, "peak_bytes"), baseline_bytes=self.baseline_bytes)
        unread = message.get("unread")
        if isinstance(unread, list) and unread:
            raise RequestError(
                f"the worker never read the suite's parameter {str(unread[0])[:_SHOWN_CHARACTERS]!r}, which "
                "would change nothing; read it from request.params, or run a suite without it"
            )
        if self._stray:
            context.note(stray_messages=self._stray)

    def close(self) -> None:
        """Ask the worker to end, and end it."""
        if self.alive:
            self._send({"type": "stop"})
            self._child.wait(_END_S)
        self._child.end()

    # --- one message ----------------------------------------------------------------------------

    def _pass_on(
        self,
        message: Message,
        context: GenerationContext,
        requests: int,
        left: int,
        stop_if_asked: Callable[[], None],
    ) -> int:
        """Hand one message to the context; returns how many bytes of frames it brought."""
        try:
            match message["type"]:
                case "step":
                    context.step(int(message["done"]), int(message["total"]))
                case "phase":
                    context.phase(str(message["name"]))
                case "note":
                    context.note(**_facts(message["facts"]))
                case "control":
                    index, ahead = int(message["index"]), int(message["ahead"])
                    if not 0 <= index < requests or ahead < 0:
                        raise ValueError
                    action = context.control(index, ahead=ahead)
                    self._send({"type": "action", "call": self._call, **action.as_dict()})
                case "emit":
                    sizes = [int(message[name]) for name in ("count", "height", "width")]
                    index, length = int(message["index"]), int(message["bytes"])
                    if min(sizes) < 1 or length != np.prod(sizes, dtype=object) * 3:
                        raise ValueError
                    if not 0 <= index < requests:
                        raise ValueError
                    if length > left:
                        raise self._fault(f"its clip is above max_clip_bytes = {self._max_clip_bytes}")
                    data = self._exactly(length, stop_if_asked)
                    context.emit(index, np.frombuffer(data, np.uint8).reshape(*sizes, 3))
                    return length
                case _:
                    raise ValueError
        except (KeyError, TypeError, ValueError, OverflowError):
            raise self._fault(f"it sent a message that means nothing: {_shown(message)}") from None
        return 0

    def _settle(self) -> None:
        """After a call that was left early: let the worker stop by itself, or end it."""
        deadline_s = time.monotonic() + CANCEL_GRACE_S

        def in_time() -> None:
            if time.monotonic() > deadline_s:
                raise GeneratorError("the worker did not stop in time")

        try:
            self._send({"type": "cancel"})
            while (message := self._next(in_time))["type"] not in ("done", "failed"):
                if message["type"] == "emit":
                    self._exactly(int(message["bytes"]), in_time)
        except (GeneratorError, KeyError, TypeError, ValueError, OverflowError):
            self._child.end()

    # --- failures -------------------------------------------------------------------------------

    def _failure(self, message: Mapping[str, Any]) -> Exception:
        text = self._child.hide(f"{message.get('error', 'Exception')}: {message.get('reason', '')}")
        if message.get("oom"):
            return MemoryError(f"out of memory in the worker: {text}")
        where = message.get("where")
        return GeneratorError(f"the worker failed: {text}" + (f" ({where})" if where else ""))

    def _fault(self, what: str) -> GeneratorError:
        """The worker broke the protocol: nothing that it says after that can be trusted."""
        self._child.end()
        said = self._child.last_words()
        return GeneratorError(
            f"the worker broke the protocol: {what}" + (f"; it said: {said}" if said else "")
        )

    def _death(self) -> Exception:
        self._child.wait(_END_S)
        self._child.end()
        return self._child.failure("the worker died")

    # --- the wire -------------------------------------------------------------------------------

    def _hello(self) -> Message:
        """The first message; what other programs printed before it goes to the log."""
        chatter = 0
        while True:
            line = self._line(_nothing)
            with contextlib.suppress(ValueError, RecursionError):
                message = json.loads(line)
                if isinstance(message, dict) and message.get("type") == "hello":
                    return message
            chatter += len(line)
            with contextlib.suppress(OSError):
                os.write(2, line)
            if chatter > _CHATTER_BYTES:
                raise self._fault("it prints and prints, and calls no serve()")

    def _next(self, tick: Callable[[], None]) -> Message:
        """The next message of the present call; what was sent for another one belongs to nobody."""
        while True:
            message = self._message(tick)
            if "call" not in message:
                return message
            self._numbers_calls = True
            if message["call"] == self._call:
                return message
            self._stray += 1
            if message["type"] == "emit":
                length = message.get("bytes")
                if type(length) is not int or not 0 <= length <= self._max_clip_bytes:
                    raise self._fault(f"it sent a message that means nothing: {_shown(message)}")
                self._exactly(length, tick)

    def _message(self, tick: Callable[[], None]) -> Message:
        line = self._line(tick)
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            raise self._fault(f"a line that is no message: {_shown(line)}") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise self._fault(f"a line that is no message: {_shown(line)}")
        return message

    def _send(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # it is dead: what is read next says how
            self._to.write(json.dumps(message).encode("ascii") + b"\n")
            self._to.flush()

    def _line(self, tick: Callable[[], None]) -> bytes:
        looked = 0
        while (end := self._waiting.find(b"\n", looked)) < 0:
            looked = len(self._waiting)
            if looked > _LINE_BYTES:
                raise self._fault(f"a line without an end: {_shown(bytes(self._waiting))}")
            self._await(tick)
            data = os.read(self._from, _READ_BYTES)
            if not data:
                raise self._death()
            self._waiting += data
        line = bytes(self._waiting[: end + 1])
        del self._waiting[: end + 1]
        return line

    def _exactly(self, length: int, tick: Callable[[], None]) -> bytearray:
        """The next bytes, into memory of their own."""
        data = bytearray(length)
        view = memoryview(data)
        have = min(length, len(self._waiting))
        view[:have] = self._waiting[:have]
        del self._waiting[:have]
        while have < length:
            self._await(tick)
            got = os.readv(self._from, [view[have:]])
            if got == 0:
                raise self._death()
            have += got
        return data

    def _await(self, tick: Callable[[], None]) -> None:
        """Wait until there is something to read; `tick` is called now and then, and may raise."""
        while not select.select([self._from], [], [], _LOOK_S)[0]:
            tick()

    def _count(self, message: Mapping[str, Any], name: str) -> int | None:
        value = message.get(name)
        if value is not None and (type(value) is not int or not 0 <= value < 2**63):
            raise self._fault(f"{name} is {value!r}")
        return value


def _described(request: GenerationRequest) -> Message:
    described: Message = told(request, lambda _, frames: _sent(frames))
    if request.script is not None:
        described["script"] = str(request.script)
    return described


def _sent(frames: Frames) -> Message:
    """A picture uint8 (H, W, 3), or a clip uint8 (T, H, W, 3), with its bytes in base64."""
    *count, height, width, _ = frames.shape
    data = base64.b64encode(np.ascontiguousarray(frames).data).decode("ascii")
    return {**({"count": count[0]} if count else {}), "height": height, "width": width, "data": data}


def _facts(facts: Any) -> dict[str, Any]:
    """Notes of a worker: names with numbers, texts, truth values or null; anything else raises TypeError."""
    if not isinstance(facts, dict):
        raise TypeError
    for value in facts.values():
        if value is not None and not isinstance(value, (int, float, str)):
            raise TypeError
    return facts


def _shown(what: bytes | Mapping[str, Any]) -> str:
    text = what.decode("utf-8", "replace").strip() if isinstance(what, bytes) else json.dumps(what)
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "...")


def _nothing() -> None:
    """There is no call to stop."""
