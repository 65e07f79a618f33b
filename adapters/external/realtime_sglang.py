"""SGLang's `WS /v1/realtime_video/generate`: maps in MessagePack, frames as raw RGB.

Source: python/sglang/multimodal_gen/runtime/entrypoints/openai (realtime_video_api.py,
realtime_output_adapter.py, protocol.py) of https://github.com/sgl-project/sglang. A chunk comes in batches of
frames, each as one map with its payload, or as a map that describes it and a message of bytes. The server
closes the session after `max_chunks`. Payloads compressed with loss are refused, since they are previews.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgpack
import numpy as np

from vbench_lite.adapters.external.answers import Json, error_text
from vbench_lite.adapters.external.pictures import png
from vbench_lite.adapters.external.realtime_protocol import Protocol, whole
from vbench_lite.adapters.external.websocket import Message
from vbench_lite.control import KEYS, PROMPT, Action
from vbench_lite.errors import GeneratorError
from vbench_lite.generator import Frames, GenerationRequest
from vbench_lite.video.limits import Limits

_RAW = "application/x-raw-rgb"
# Its worlds look around with I J K L.
_LETTERS = {"up": "i", "left": "j", "down": "k", "right": "l"}


class Sglang(Protocol):
    """A session of SGLang."""

    path: ClassVar[str] = "/v1/realtime_video/generate"
    actions: ClassVar[frozenset[str]] = frozenset([PROMPT, *KEYS])

    def __init__(self, name: str, shown: Callable[[str], str], limits: Limits) -> None:
        super().__init__(name, shown, limits)
        self._described: Mapping[str, Json] | None = None  # the message that comes next
        self._batch = 0  # of the present chunk, that is due
        self._frames = 0

    def opening(self, request: GenerationRequest, model: str, chunks: int | None) -> dict[str, Json]:
        fields = {
            "type": "init",
            "model": model,
            "prompt": request.prompt,
            "negative_prompt": request.negative_prompt,
            "size": f"{request.width}x{request.height}",
            "fps": whole(request.fps),
            "num_frames": request.num_frames,
            "seed": request.seed,
            "max_chunks": chunks,
            "realtime_output_format": "raw",
            "first_frame": None if request.image is None else png(request.image),
        }
        return {name: value for name, value in fields.items() if value not in ("", None)}

    def packed(self, fields: Mapping[str, Any]) -> Message:
        data = msgpack.packb(fields)
        assert isinstance(data, bytes)
        return data

    def take(self, message: Message) -> Frames | None:
        if isinstance(message, str):
            raise self._broke(f"a text: {self._shown(message)}")
        if self._described is not None:
            described, self._described = self._described, None
            return self._batch_of(described, message)
        fields = self._read(message)
        match fields.get("type"):
            case "frame_batch_header":
                self._described = fields
            case "frame_batch":
                payload = fields.get("payload")
                if not isinstance(payload, bytes):
                    raise self._broke("a batch of frames without a payload")
                return self._batch_of(fields, payload)
            case "error":
                said = error_text(fields, "content") or "nothing"
                raise GeneratorError(f"{self.name}: the server says: {self._shown(said)}")
        return None

    def control(self, number: int, before: Action, after: Action, prompt: str) -> list[Message]:
        events: list[tuple[str, Json]] = []
        if after.keys != before.keys:
            held = [_LETTERS.get(key, key.lower()) for key in after.keys]
            events.append(("camera_actions", {"mode": "state", "transitions": [{"actions": held}]}))
        if after.prompt != before.prompt:
            events.append(("prompt", after.prompt or prompt))
        told = ({"type": "event", "kind": kind, "payload": what, "event_id": number} for kind, what in events)
        return [self.packed(event) for event in told]

    def _read(self, message: bytes) -> Mapping[str, Json]:
        try:
            fields = msgpack.unpackb(message)
        except (ValueError, msgpack.UnpackException, RecursionError):
            fields = None
        if not isinstance(fields, Mapping):
            raise self._broke(f"a message of {len(message)} bytes that is no map")
        return fields

    def _batch_of(self, fields: Mapping[str, Json], payload: bytes) -> Frames | None:
        if (kind := fields.get("content_type")) != _RAW:
            raise GeneratorError(
                f"{self.name}: frames come as {self._shown(str(kind))}; raw ones are read, so set "
                "body.realtime_output_format: raw"
            )
        self._in_order(fields, "chunk_index", self.chunks)
        self._in_order(fields, "frame_batch_index", self._batch)
        count, height, width = (self._count(fields, name) for name in ("num_frames", "height", "width"))
        channels = self._count(fields, "channels", 3)
        self._limits.check_size(self.name, height, width, self._frames + count)
        if channels != 3 or len(payload) != count * height * width * 3:
            raise self._broke(
                f"{len(payload)} bytes for {count} frames of {width}x{height} with {channels} channels"
            )
        if type(event := fields.get("event_id")) is int and event > 0:
            self.applied.setdefault(event, self._frames)
        self._frames += count
        self._batch += 1
        if fields.get("is_final_frame_batch", True):
            self.chunks, self._batch = self.chunks + 1, 0
        if count == 0:
            return None
        return np.frombuffer(payload, np.uint8).reshape(count, height, width, 3)
