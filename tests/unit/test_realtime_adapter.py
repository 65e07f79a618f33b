"""The adapter `realtime` against a server of its own that speaks both protocols: clips, keys, addresses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from clip_files import moving_square
from one_call import record_of
from realtime_api import RealtimeApi
from realtime_calls import *  # noqa: F403  the servers
from realtime_calls import KEY, ask, build, call, failing, square
from websockets.datastructures import Headers
from websockets.http11 import Response
from websockets.sync.server import ServerConnection

from vbench_lite.adapters.external.realtime import Realtime
from vbench_lite.clip import Frames
from vbench_lite.errors import RequestError, SpecError
from vbench_lite.generator import Streaming

# --- the right way --------------------------------------------------------------------------------


def test_a_stream_becomes_the_clip_in_the_pieces_that_came(api: RealtimeApi) -> None:
    found = call(api)
    assert found.frames[0] is not None
    off = np.abs(found.frames[0].astype(int) - moving_square(12, 96, 64))
    assert off.max() <= (0 if api.protocol == "sglang" else 3)  # RGB as YUV and back
    pieces = [count for _, count in found.arrivals[0]]
    assert pieces == ([3, 2, 3, 2, 2] if api.protocol == "sglang" else [5, 5, 2])
    assert found.facts == {"chunks": 3}
    assert list(found.phases) == ["connect", "first_chunk", "stream"]


def test_a_slow_stream_is_handed_on_piece_by_piece(api: RealtimeApi) -> None:
    """The server sends a chunk only when the one before has reached the sink: held back, it would hang."""
    come = threading.Semaphore(0)
    given: list[int] = []
    due = (
        3 if api.protocol == "vllm-omni" else 2
    )  # messages up to the first frames, and of each further chunk

    def wait(number: int) -> None:
        if number >= due and number % 2 == due % 2 and len(given) < 2:
            assert come.acquire(timeout=30)
            given.append(number)

    api.before = wait
    context_pieces: list[int] = []

    def on_frames(index: int, frames: Frames) -> None:
        context_pieces.append(len(frames))
        come.release()

    record_of(build(api), ask(), on_frames=on_frames)
    assert len(given) == 2
    assert sum(context_pieces) == 12


def test_what_opens_a_session_is_the_request_with_the_body_laid_over(api: RealtimeApi) -> None:
    call(api, body={"guidance_scale": 1.0, "seed": None, "prompt": "{prompt}, at night", "fps": 24})
    (asked,) = api.asked
    assert "seed" not in asked
    assert asked["prompt"] == "a cat, at night"
    assert (asked["guidance_scale"], asked["fps"], asked["num_frames"]) == (1.0, 24, 12)
    assert asked["type"] == ("session.start" if api.protocol == "vllm-omni" else "init")


def test_an_image_goes_along(api: RealtimeApi) -> None:
    image = moving_square(1, 96, 64)[0]
    call(api, ask(image=image))
    (asked,) = api.asked
    if api.protocol == "sglang":
        assert asked["first_frame"].startswith(b"\x89PNG")
    else:
        assert asked["image_reference"]["image_url"].startswith("data:image/png;base64,iVBOR")


def test_known_chunks_bound_what_a_server_is_asked_for(sglang: RealtimeApi) -> None:
    call(sglang, chunk_frames=4, first_chunk_frames=5)
    assert sglang.asked[0]["max_chunks"] == 3  # 5 + 4 + 3 of 4


def test_a_server_that_goes_on_is_left(vllm: RealtimeApi) -> None:
    """It makes 20 frames though 12 were asked for: 15 came with the chunk that made the clip whole."""
    vllm.after = lambda connection: None
    found = call(vllm, body={"num_frames": 20})
    assert sum(count for _, count in found.arrivals[0]) == 15


def test_a_server_without_metadata_is_read_too(vllm: RealtimeApi) -> None:
    vllm.changed = lambda messages: [m for m in messages if "chunk_metadata" not in str(m)]
    assert sum(count for _, count in call(vllm).arrivals[0]) == 12


def test_what_is_declared_is_told(api: RealtimeApi) -> None:
    info = build(api, streaming="frame", native_fps=16).info
    assert (info.streaming, info.native_fps) == (Streaming.FRAME, 16)
    call(api, native_fps=16)
    assert api.asked[-1]["fps"] == 16


# --- keys and addresses -----------------------------------------------------------------------------


def answer(status: int, body: bytes = b"", **headers: str) -> Callable[[ServerConnection], Response]:
    return lambda connection: Response(status, "told", Headers(**headers), body)


def test_the_key_is_in_the_handshake_and_in_no_message(
    api: RealtimeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEO_KEY", KEY)
    call(api, key_env="VIDEO_KEY", headers={"X-Team": "eval"})
    assert api.seen[0]["authorization"] == f"Bearer {KEY}"
    assert api.seen[0]["x-team"] == "eval"
    api.refuse = answer(401, f"{KEY} is no key".encode())
    assert "status 401 in place of a session: [secret] is no key" in failing(api, key_env="VIDEO_KEY")
    monkeypatch.delenv("VIDEO_KEY")
    with pytest.raises(SpecError, match="VIDEO_KEY is not set"):
        build(api, key_env="VIDEO_KEY")


def test_a_redirect_is_not_followed(api: RealtimeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEO_KEY", KEY)
    with RealtimeApi(api.protocol, square) as elsewhere:
        api.refuse = answer(302, Location=f"{elsewhere.url.replace('http', 'ws')}/steal")
        assert "redirected (302); check base_url" in failing(api, key_env="VIDEO_KEY")
        assert elsewhere.seen == []


def test_no_proxy_is_asked(api: RealtimeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    call(api)


def test_a_server_that_is_not_there_or_speaks_otherwise_is_one_line(api: RealtimeApi) -> None:
    assert "status 404 in place of a session: no such path" in failing(api, path="/v1/other")
    assert "cannot be reached" in failing(api, base_url="http://127.0.0.1:9")
    api.refuse = answer(200, b"<html>")
    assert "status 200 in place of a session" in failing(api)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"protocol": "grpc"}, "protocol"),
        ({"base_url": "ws://127.0.0.1"}, "base_url 'ws://127.0.0.1': it does not begin with https://HOST"),
        ({"base_url": "http://a.example", "key_env": "K"}, "a key is sent over https only"),
        ({"base_url": "http://u:p@a.example"}, "it names a user"),
        ({"headers": {"Authorization": "x"}}, "name its variable in key_env"),
        ({"path": "no-slash"}, "path"),
        ({"body": {"x": "{nonsense}"}}, "{nonsense} is unknown"),
        ({"first_chunk_frames": 3}, "first_chunk_frames needs chunk_frames"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(config: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words.replace("(", r"\(").replace("{", r"\{")):
        Realtime({"base_url": "http://127.0.0.1", "protocol": "sglang", **config})


def test_what_the_protocol_has_no_place_for_is_refused_early() -> None:
    generator = Realtime({"base_url": "http://127.0.0.1", "protocol": "sglang"})
    with pytest.raises(RequestError, match="no frames to continue"):
        generator.check(ask(past_frames=moving_square(2)))
    with pytest.raises(RequestError, match="'steps'"):
        generator.check(ask(params={"steps": 3}))
