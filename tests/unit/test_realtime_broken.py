"""Streams of realtime video that break, lie or fall silent: each is one line, and nothing hangs."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable

import numpy as np
import pytest
from one_call import record_of
from realtime_api import Message, RealtimeApi, packed
from realtime_calls import *  # noqa: F403  the servers
from realtime_calls import KEY, Change, ask, build, call, failing, first, square, told
from websockets.sync.server import ServerConnection
from websockets.utils import accept_key

from vbench_lite.adapters.external import realtime
from vbench_lite.adapters.external.patience import Patience
from vbench_lite.adapters.external.realtime import Realtime
from vbench_lite.errors import Cancelled, GeneratorError


def cut_in_a_message(connection: ServerConnection) -> None:
    """Half of a message, and then the line goes dead."""
    connection.socket.sendall(b"\x82\x7e\x10\x00" + b"half")
    connection.close_socket()


def swapped(a: int, b: int, length: int = 1) -> Change:
    """Two runs of messages in each other's place."""

    def change(messages: list[Message]) -> list[Message]:
        one, other = messages[a : a + length], messages[b : b + length]
        return [*messages[:a], *other, *messages[a + length : b], *one, *messages[b + length :]]

    return change


def with_(place: int, message: Message | Callable[[Message], Message]) -> Change:
    def change(messages: list[Message]) -> list[Message]:
        made = message(messages[place]) if callable(message) else message
        return [*messages[:place], made, *messages[place + 1 :]]

    return change


def noisy_end(message: Message) -> Message:
    """A chunk whose last two thirds, pictures all of them, are noise."""
    assert isinstance(message, bytes)
    kept = len(message) // 3
    return message[:kept] + np.random.default_rng(0).bytes(len(message) - kept)


# Messages of vLLM-Omni: 0 start, then description and chunk in turn, 9 the end. Of SGLang: description and
# frames in turn, 0 and 1 with three of them, 2 and 3 with two, 4 the statistics of the chunk.
BROKEN: dict[str, tuple[str, Change, str]] = {
    "vllm closed in mid-chunk": ("vllm-omni", first(3), "ended the session without a word"),
    "vllm garbage in a chunk": ("vllm-omni", with_(4, b"garbage"), "described as"),
    "vllm a chunk of noise": (
        "vllm-omni",
        with_(4, lambda m: np.random.default_rng(0).bytes(len(m))),
        "no whole fragmented MP4",
    ),
    "vllm pictures of noise": (
        "vllm-omni",
        with_(4, noisy_end),
        "damaged after 5 frames",
    ),
    "vllm out of order": ("vllm-omni", swapped(3, 5, 2), "transport_chunk_index 2 came where 1 was due"),
    "vllm a chunk is lost": ("vllm-omni", lambda m: m[:3] + m[5:], "pieces are lost or out of order"),
    "vllm a chunk is not described": ("vllm-omni", lambda m: m[:2] + m[3:], "did not follow"),
    "vllm no JSON": ("vllm-omni", with_(3, "{"), "no JSON object: {"),
    "vllm no object": ("vllm-omni", with_(3, "[" * 9), "no JSON object"),
    "vllm another format": ("vllm-omni", with_(0, told(format="webm")), "chunks come as webm"),
    "vllm a number that is none": ("vllm-omni", with_(1, told(num_frames=-1)), "num_frames is -1"),
    "vllm ends early": (
        "vllm-omni",
        lambda m: [*m[:5], json.dumps({"type": "session.done"})],
        "the stream ended after 10 of 12 frames",
    ),
    "vllm ends with chunks missing": (
        "vllm-omni",
        lambda m: [*m[:5], m[-1]],
        "4 chunks were sent and 2 came",
    ),
    "vllm more frames described than sent": (
        "vllm-omni",
        lambda m: [m[0], told(num_frames=50)(m[1]), m[2], json.dumps({"type": "session.done"})],
        "5 of 50 described frames",
    ),
    "vllm an error": (
        "vllm-omni",
        with_(3, json.dumps({"type": "error", "message": f"no GPU\nfor {KEY}"})),
        "the server says: no GPU for",
    ),
    "sglang closed in mid-chunk": ("sglang", first(3), "ended the session without a word"),
    "sglang a chunk of noise": ("sglang", with_(0, b"\xc1noise"), "a message of 6 bytes that is no map"),
    "sglang a short payload": ("sglang", with_(1, b"123"), "3 bytes for 3 frames of 64x96"),
    "sglang out of order": ("sglang", swapped(0, 5, 4), "chunk_index 1 came where 0 was due"),
    "sglang batches out of order": ("sglang", swapped(0, 2, 2), "frame_batch_index 1 came where 0 was due"),
    "sglang a chunk is lost": ("sglang", lambda m: m[5:], "pieces are lost or out of order"),
    "sglang a text": ("sglang", with_(0, "hello"), "a text: hello"),
    "sglang a preview": ("sglang", with_(0, told(content_type="image/webp")), "frames come as image/webp"),
    "sglang a bomb": ("sglang", with_(0, told(height=10**9)), "above the limit max_side"),
    "sglang four channels": ("sglang", with_(0, told(channels=4)), "with 4 channels"),
    "sglang a size that is none": ("sglang", with_(0, told(width="64")), "width is '64'"),
    "sglang no payload": ("sglang", with_(0, packed({"type": "frame_batch"})), "without a payload"),
    "sglang an error": (
        "sglang",
        with_(5, packed({"type": "error", "content": f"no GPU for {KEY}"})),
        "the server says: no GPU for",
    ),
    "sglang deep nesting": ("sglang", with_(0, b"\x91" * 5000), "that is no map"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_stream_is_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    protocol, change, words = BROKEN[name]
    monkeypatch.setenv("VIDEO_KEY", KEY)
    with RealtimeApi(protocol, square) as api:
        api.changed = change
        if "mid-chunk" in name:
            api.after = cut_in_a_message
        assert words in failing(api, key_env="VIDEO_KEY")


def test_an_early_end_in_good_order_is_told_with_what_came(sglang: RealtimeApi) -> None:
    sglang.changed = first(5)
    assert "the stream ended after 5 of 12 frames" in failing(sglang)


def test_a_close_with_a_code_is_told(api: RealtimeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    api.changed = first(1)
    api.after = lambda connection: connection.close(1011, f"out of memory at {KEY}")
    monkeypatch.setenv("VIDEO_KEY", KEY)
    told = failing(api, key_env="VIDEO_KEY")
    assert "ended the session with code 1011: out of memory at [secret] (0 of 12 frames have come)" in told


def test_a_message_and_a_stream_have_limits(api: RealtimeApi) -> None:
    assert "a message above max_message_bytes = 1000" in failing(api, max_message_bytes=1000)
    assert "more bytes than max_clip_bytes = 2000" in failing(api, max_clip_bytes=2000)


def silent(api: RealtimeApi, change: Change) -> threading.Event:
    """Have a server fall silent after its messages, until the event is set."""
    forever = threading.Event()

    def wait(connection: ServerConnection) -> None:
        forever.wait(60)

    api.changed, api.after = change, wait
    return forever


class Hurried:
    """A clock that goes on by a second whenever somebody looks."""

    def __init__(self) -> None:
        self.time_s = 0.0

    def now(self) -> float:
        self.time_s += 1.0
        return self.time_s


def test_silence_and_time_have_an_end(api: RealtimeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        realtime, "Patience", lambda limit_s, stop: Patience(limit_s, stop, now=Hurried().now)
    )
    forever = silent(api, first(1))
    try:
        assert "no message within request_timeout_s = 9" in failing(api, request_timeout_s=9)
        with pytest.raises(GeneratorError, match="no clip within timeout_s = 50"):
            call(api, timeout_s=50)
        # While it waits, the server is told that somebody does, in the words that it has for that.
        pings = [event for event in api.events if event["type"] == "session.ping"]
        assert bool(pings) == (api.protocol == "vllm-omni")
    finally:
        forever.set()


def test_a_request_to_stop_ends_a_silent_session(api: RealtimeApi) -> None:
    forever = silent(api, first(0))
    looked: list[bool] = []

    def cancelled() -> bool:
        looked.append(True)
        return len(looked) > 3

    try:
        with pytest.raises(Cancelled):
            record_of(build(api), ask(), cancelled=cancelled)
    finally:
        forever.set()


def test_a_server_that_takes_no_message_ends_with_the_clips_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It agrees to a session and never reads: what does not fit into the line would wait for ever."""
    monkeypatch.setattr(
        realtime, "Patience", lambda limit_s, stop: Patience(limit_s, stop, now=Hurried().now)
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def agree() -> None:
            line, _ = listening.accept()
            asked = line.recv(10_000).decode()
            key = next(
                row.split()[1] for row in asked.splitlines() if row.lower().startswith("sec-websocket-key")
            )
            heads = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept_key(key)}")
            line.sendall("\r\n".join(["HTTP/1.1 101 Agreed", *heads, "", ""]).encode())
            held.append(line)

        held: list[socket.socket] = []
        threading.Thread(target=agree, daemon=True).start()
        config = {"base_url": f"http://127.0.0.1:{listening.getsockname()[1]}", "protocol": "vllm-omni"}
        generator = Realtime({**config, "timeout_s": 30, "body": {"note": "x" * 2**24}})
        generator.load()
        with pytest.raises(
            GeneratorError, match=r"no clip within timeout_s = 30 \(the server takes no message"
        ):
            record_of(generator, ask())
        held[0].close()
