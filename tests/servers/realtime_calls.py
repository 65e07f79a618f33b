"""The adapter `realtime` under test: a server of its own for each protocol, and calls.

A test file takes the fixtures with `from realtime_calls import *`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgpack
import pytest
from clip_files import moving_square
from one_call import record_of
from realtime_api import Asked, Message, RealtimeApi, packed, size_of

from vbench_lite.adapters.external.realtime import Realtime
from vbench_lite.clip import Frames
from vbench_lite.errors import ClipError, GeneratorError
from vbench_lite.generator import GenerationRequest
from vbench_lite.measure.context import CallRecord

PROTOCOLS = ("vllm-omni", "sglang")
__all__ = ["api", "sglang", "vllm"]

KEY = "sesame-open-123"
Change = Callable[[list[Message]], Sequence[Message]]


def first(count: int) -> Change:
    """The first so many messages."""
    return lambda messages: messages[:count]


def told(**fields: Any) -> Callable[[Message], Message]:
    """A message with other fields, in the form that it had."""

    def change(message: Message) -> Message:
        if isinstance(message, str):
            return json.dumps({**json.loads(message), **fields})
        return packed({**msgpack.unpackb(message), **fields})

    return change


def square(asked: Asked) -> Frames:
    width, height = size_of(asked)
    return moving_square(int(asked["num_frames"]), height, width)


@pytest.fixture(params=PROTOCOLS)
def api(request: pytest.FixtureRequest) -> Iterator[RealtimeApi]:
    with RealtimeApi(request.param, square) as running:
        yield running


@pytest.fixture
def vllm() -> Iterator[RealtimeApi]:
    with RealtimeApi("vllm-omni", square) as running:
        yield running


@pytest.fixture
def sglang() -> Iterator[RealtimeApi]:
    with RealtimeApi("sglang", square) as running:
        yield running


def ask(**fields: Any) -> GenerationRequest:
    given = {"prompt": "a cat", "num_frames": 12, "height": 96, "width": 64, "fps": 8.0, "seed": 5, **fields}
    return GenerationRequest("s", **given)


def call(api: RealtimeApi, request: GenerationRequest | None = None, **config: Any) -> CallRecord:
    return record_of(build(api, **config), request or ask())


def build(api: RealtimeApi, **config: Any) -> Realtime:
    generator = Realtime({"base_url": api.url, "protocol": api.protocol, "model": "m", **config})
    generator.load()
    return generator


def failing(api: RealtimeApi, **config: Any) -> str:
    """The one line in which a call ends."""
    with pytest.raises((GeneratorError, ClipError)) as caught:
        call(api, **config)
    told = str(caught.value)
    assert "\n" not in told
    assert KEY not in told
    assert "127.0.0.1" in told
    return told
