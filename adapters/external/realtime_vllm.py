"""vLLM-Omni's `WS /v1/realtime/video`: events as JSON texts, chunks of fragmented MP4 as binary messages.

Source: docs/serving/streaming_video_output_api.md and examples/online_serving/streaming_video_generation of
https://github.com/vllm-project/vllm-omni. Each `video.chunk_metadata` is followed by the message that it
describes; servers that send no metadata are read as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from vbench_lite.adapters.external.answers import Json, error_text, read_json
from vbench_lite.adapters.external.pictures import png_address
from vbench_lite.adapters.external.realtime_protocol import Protocol, whole
from vbench_lite.adapters.external.websocket import Message
from vbench_lite.control import PROMPT, Action
from vbench_lite.errors import GeneratorError
from vbench_lite.generator import Frames, GenerationRequest
from vbench_lite.video.fragments import FragmentDecoder
from vbench_lite.video.limits import Limits

_FORMAT = "m4s"


class VllmOmni(Protocol):
    """A session of vLLM-Omni."""

    path: ClassVar[str] = "/v1/realtime/video"
    actions: ClassVar[frozenset[str]] = frozenset([PROMPT])

    def __init__(self, name: str, shown: Callable[[str], str], limits: Limits) -> None:
        super().__init__(name, shown, limits)
        self._decoder = FragmentDecoder(name, limits)
        self._described: Mapping[str, Json] | None = None  # the message that comes next
        self._messages = 0
        self._promised = 0

    def opening(self, request: GenerationRequest, model: str, chunks: int | None) -> dict[str, Json]:
        fields = {
            "type": "session.start",
            "model": model,
            "prompt": request.prompt,
            "negative_prompt": request.negative_prompt,
            "format": _FORMAT,
            "width": request.width,
            "height": request.height,
            "fps": whole(request.fps),
            "num_frames": request.num_frames,
            "seed": request.seed,
        }
        if request.image is not None:
            fields["image_reference"] = {"image_url": png_address(request.image)}
        return {name: value for name, value in fields.items() if value != ""}

    def packed(self, fields: Mapping[str, Any]) -> Message:
        return json.dumps(fields)

    def take(self, message: Message) -> Frames | None:
        if isinstance(message, str):
            self._hear(self._read(message))
            return None
        described, self._described = self._described, None
        if described is not None:
            stated = self._count(described, "byte_length", len(message))
            if stated != len(message):
                raise self._broke(f"a chunk of {len(message)} bytes was described as {stated}")
            self._note_applied(described)
            self._promised += self._count(described, "num_frames", 0)
        frames = self._decoder.feed(message)
        self._messages += 1
        self.chunks += frames is not None
        return frames

    def control(self, number: int, before: Action, after: Action, prompt: str) -> list[Message]:
        event = {"event_id": f"{number}", "event": {"prompt": after.prompt or prompt}}
        return [self.packed({"type": "session.interaction", "interaction": event})]

    def finish(self) -> Frames | None:
        """The last frames; those that were described and never came are an error."""
        frames = self._decoder.end()
        if self._decoder.num_frames < self._promised:
            raise GeneratorError(
                f"{self.name}: {self._decoder.num_frames} of {self._promised} described frames could be read"
            )
        return frames

    def stop(self) -> Message | None:
        return self.packed({"type": "session.stop"})

    def keep_alive(self) -> Message | None:
        return self.packed({"type": "session.ping"})

    def _note_applied(self, described: Mapping[str, Json]) -> None:
        """Which of our events the chunk that comes is the first to use."""
        started = described.get("started_event_ids")
        for event in started if isinstance(started, list) else ():
            if isinstance(event, str) and re.fullmatch("[0-9]{1,9}", event):
                self.applied.setdefault(int(event), self._promised)

    def _read(self, message: str) -> Mapping[str, Json]:
        try:
            fields = read_json(message.encode("utf-8", "replace"))
        except ValueError:
            fields = None
        if not isinstance(fields, Mapping):
            raise self._broke(f"a text that is no JSON object: {self._shown(message)}")
        return fields

    def _hear(self, fields: Mapping[str, Json]) -> None:
        if self._described is not None:
            raise self._broke("a chunk was described and did not follow")
        match fields.get("type"):
            case "video.start":
                if fields.get("format", _FORMAT) != _FORMAT:
                    raise self._broke(f"chunks come as {self._shown(str(fields['format']))}, not {_FORMAT}")
            case "video.chunk_metadata":
                self._in_order(fields, "transport_chunk_index", self._messages)
                self._described = fields
            case "session.done":
                if self._count(fields, "chunks", self._messages) != self._messages:
                    raise self._broke(f"{fields['chunks']} chunks were sent and {self._messages} came")
                self.ended = True
            case "error":
                raise GeneratorError(
                    f"{self.name}: the server says: {self._shown(error_text(fields) or 'nothing')}"
                )
