"""What a server of realtime video sends, damaged: by value or byte, lost, moved or twice; both protocols."""

from __future__ import annotations

import io
import json
import random
import shutil
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import av
import msgpack
from av.video.frame import VideoFrame
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from benchmarks.odd_inputs.calls import CLIP, FPS, SIDE, one_call
from benchmarks.odd_inputs.damage import damaged, damaged_value
from benchmarks.odd_inputs.guard import Trial, Trials
from vbench_lite.adapters.external.realtime import Realtime

Message = str | bytes
HALF = len(CLIP) // 2


def streams(folder: Path, rng: random.Random) -> Trials:
    """Sessions of a server of realtime video, one or two of whose messages are odd."""
    right = {"vllm-omni": _vllm(), "sglang": _sglang()}
    sent: list[Message] = []

    def session(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            connection.recv()
            for message in sent:
                connection.send(message)

    with serve(session, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.socket.getsockname()[1]
        while True:
            protocol = rng.choice(list(right))
            sent[:] = _damaged(right[protocol], rng)
            config = {"base_url": f"http://127.0.0.1:{port}", "protocol": protocol}
            generator = Realtime({**config, "timeout_s": 0.5, "request_timeout_s": 0.3})
            data = b"\n".join(m.encode("utf-8", "replace") if isinstance(m, str) else m for m in sent)
            yield Trial("stream", data, partial(one_call, generator, folder / "root"), port=port)
            shutil.rmtree(folder / "root", ignore_errors=True)


def _damaged(messages: list[Message], rng: random.Random) -> list[Message]:
    made = list(messages)
    for _ in range(rng.choice([1, 1, 2])):
        place, way = rng.randrange(len(made)), rng.random()
        if way < 0.7:
            made[place] = _odd(made[place], rng)
        elif way < 0.8 and len(made) > 1:
            del made[place]
        else:
            made.insert(rng.randrange(len(made)), made[place])
    return made


def _odd(message: Message, rng: random.Random) -> Message:
    if isinstance(message, str):
        if rng.random() < 0.7:
            with suppress(ValueError):
                return json.dumps(damaged_value(json.loads(message), rng))
        return damaged(message.encode(), rng).decode("utf-8", "replace")
    if rng.random() < 0.7:
        with suppress(ValueError, TypeError, OverflowError, msgpack.UnpackException):
            return _packed(damaged_value(msgpack.unpackb(message), rng))
    return damaged(message, rng) if message else b"x"


def _packed(value: Any) -> bytes:
    data = msgpack.packb(value)
    assert isinstance(data, bytes)
    return data


def _sglang() -> list[Message]:
    """Two chunks, one in a map, one behind the map that describes it."""
    told = {
        "type": "frame_batch_header",
        "content_type": "application/x-raw-rgb",
        "num_frames": HALF,
        "width": SIDE,
        "height": SIDE,
        "channels": 3,
        "is_final_frame_batch": True,
        "event_id": 1,
    }
    first, second = CLIP[:HALF].tobytes(), CLIP[HALF:].tobytes()
    return [
        _packed({**told, "type": "frame_batch", "chunk_index": 0, "payload": first}),
        _packed({"type": "chunk_stats", "chunk_index": 0}),
        _packed({**told, "chunk_index": 1}),
        second,
    ]


def _vllm() -> list[Message]:
    """Two fragments, each behind the text that describes it."""
    buffer = io.BytesIO()
    flags = {"movflags": "empty_moov+default_base_moof+frag_keyframe"}
    with av.open(buffer, "w", format="mp4", options=flags) as out:
        stream = out.add_stream("libx264", rate=round(FPS), options={"g": str(HALF), "qp": "0"})
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv444p"
        for frame in CLIP:
            out.mux(stream.encode(VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode(None))
    data = buffer.getvalue()
    cut = data.index(b"moof", data.index(b"moof") + 4) - 4
    messages: list[Message] = [json.dumps({"type": "video.start", "format": "m4s"})]
    for number, piece in enumerate((data[:cut], data[cut:])):
        told = {"type": "video.chunk_metadata", "transport_chunk_index": number, "num_frames": HALF}
        messages += [json.dumps({**told, "byte_length": len(piece), "started_event_ids": ["1"]}), piece]
    return [*messages, json.dumps({"type": "session.done", "chunks": 2})]
