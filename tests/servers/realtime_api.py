"""A server of realtime video on this machine that speaks both public protocols, rightly or as it is told.

It answers the message that opens a session with the messages of the whole stream, one after another. Which
those are comes from `messages_of`; what is made of them, and when each is sent, is set by the test.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

import msgpack
import numpy as np
from fragmented import fragmented
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from vbench_lite.clip import Frames

Asked = dict[str, Any]
Message = str | bytes
CHUNK = 5  # frames
PATHS = {"vllm-omni": "/v1/realtime/video", "sglang": "/v1/realtime_video/generate"}


def noise(asked: Asked) -> Frames:
    """Frames that prompt and seed decide, uint8 (T, H, W, 3)."""
    width, height = size_of(asked)
    rng = np.random.default_rng([int(asked["seed"]), *asked["prompt"].encode()])
    return rng.integers(0, 256, (int(asked["num_frames"]), height, width, 3), np.uint8)


def size_of(asked: Asked) -> tuple[int, int]:
    """Width and height that were asked for, in either protocol."""
    if "size" in asked:
        width, height = asked["size"].split("x")
        return int(width), int(height)
    return asked["width"], asked["height"]


class RealtimeApi:
    """The server, at work within a `with` block.

    Attributes:
        changed: makes other messages of the right ones.
        before: called with the number of a message before it is sent.
        after: called with the connection when all are sent; by default the session ends in good order.
        refuse: an answer to the handshake in place of a session.
        seen: the headers of every handshake. asked: what opened each session. events: what came later.
    """

    def __init__(self, protocol: str, make: Callable[[Asked], Frames] = noise) -> None:
        self.protocol, self._make = protocol, make
        self.changed: Callable[[list[Message]], Sequence[Message]] = lambda messages: messages
        self.before: Callable[[int], None] = lambda number: None
        self.after: Callable[[ServerConnection], None] = lambda connection: connection.close()
        self.refuse: Callable[[ServerConnection], Response] | None = None
        self.seen: list[dict[str, str]] = []
        self.asked: list[Asked] = []
        self.events: list[Asked] = []
        self._news = threading.Condition()
        self._server: Server = serve(self._session, "127.0.0.1", 0, process_request=self._handshake)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.socket.getsockname()[1]}"

    def __enter__(self) -> RealtimeApi:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()

    def await_events(self, count: int) -> None:
        """Wait until so many events have come after the messages that opened the sessions."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.events) >= count, timeout=30)

    def read(self, message: Message) -> Asked:
        """What a client sent, as fields."""
        return dict(json.loads(message) if self.protocol == "vllm-omni" else msgpack.unpackb(message))

    def messages_of(self, asked: Asked) -> list[Message]:
        """The right answer: what opens the stream, its chunks, what ends it."""
        frames = self._make(asked)
        return vllm_messages(frames, asked) if self.protocol == "vllm-omni" else sglang_messages(frames)

    def _handshake(self, connection: ServerConnection, request: Request) -> Response | None:
        self.seen.append({"path": request.path, **dict(request.headers)})
        if self.refuse is not None:
            return self.refuse(connection)
        return None if request.path == PATHS[self.protocol] else connection.respond(404, "no such path\n")

    def _session(self, connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            asked = self.read(connection.recv())
            self.asked.append(asked)
            threading.Thread(target=self._listen, args=[connection], daemon=True).start()
            for number, message in enumerate(self.changed(self.messages_of(asked))):
                self.before(number)
                connection.send(message)
            self.after(connection)

    def _listen(self, connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            for message in connection:
                with self._news:
                    self.events.append(self.read(message))
                    self._news.notify_all()


def vllm_messages(frames: Frames, asked: Asked) -> list[Message]:
    """As vLLM-Omni sends them: each chunk is described, and then comes."""
    texts: list[Message] = [
        json.dumps({"type": "video.start", "request_id": "r", "format": "m4s", "config": {}})
    ]
    pieces = fragmented(frames, CHUNK, fps=round(asked["fps"]))
    for number, piece in enumerate(pieces):
        media = number < len(pieces) - 1
        told = {
            "type": "video.chunk_metadata",
            "request_id": "r",
            "kind": "media" if media else "trailer",
            "transport_chunk_index": number,
            "generation_chunk_index": number if media else None,
            "num_frames": len(frames[number * CHUNK : (number + 1) * CHUNK]) if media else 0,
            "byte_length": len(piece),
        }
        texts += [json.dumps(told), piece]
    return [*texts, json.dumps({"type": "session.done", "chunks": len(pieces), "stopped": False})]


def sglang_messages(frames: Frames, most_inline: int = 20_000) -> list[Message]:
    """As SGLang sends them: a chunk in batches of three frames, small ones within the map."""
    messages: list[Message] = []
    height, width = frames.shape[1:3]
    for chunk, start in enumerate(range(0, len(frames), CHUNK)):
        piece = frames[start : start + CHUNK]
        batches = [piece[at : at + 3] for at in range(0, len(piece), 3)]
        for number, batch in enumerate(batches):
            told = {
                "type": "frame_batch_header",
                "chunk_index": chunk,
                "content_type": "application/x-raw-rgb",
                "num_frames": len(batch),
                "total_size": batch.nbytes,
                "frame_batch_index": number,
                "num_frame_batches": len(batches),
                "is_final_frame_batch": number == len(batches) - 1,
                "width": width,
                "height": height,
                "channels": 3,
                "bytes_per_frame": height * width * 3,
            }
            if batch.nbytes < most_inline:
                messages.append(packed({**told, "type": "frame_batch", "payload": batch.tobytes()}))
            else:
                messages += [packed(told), batch.tobytes()]
        messages.append(packed({"type": "chunk_stats", "chunk_index": chunk, "num_frames": len(piece)}))
    return messages


def packed(fields: Asked) -> bytes:
    """A map in MessagePack."""
    data = msgpack.packb(fields)
    assert isinstance(data, bytes)
    return data
