"""The adapter `http` under test: a server of its own, a clock that nobody waits for, and calls.

A test file takes the fixtures with `from http_calls import *`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from clip_files import moving_square
from one_call import record_of
from video_api import Asked, VideoApi

from vbench_lite.adapters.external import http
from vbench_lite.adapters.external.http import Http
from vbench_lite.adapters.external.patience import Patience
from vbench_lite.clip import Clip
from vbench_lite.errors import GeneratorError
from vbench_lite.generator import GenerationRequest
from vbench_lite.measure.context import CallRecord

__all__ = ["api", "build", "clock"]

KEY = "sesame-open-123"
Build = Callable[..., Http]


class FakeTime:
    """A clock that moves only when somebody sleeps.

    Attributes:
        slept: seconds of every sleep.
    """

    def __init__(self) -> None:
        self.time_s = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    fake = FakeTime()
    monkeypatch.setattr(http, "Patience", partial(Patience, sleep=fake.sleep, now=fake.now))
    return fake


@pytest.fixture
def api() -> Iterator[VideoApi]:
    with VideoApi(draw) as running:
        yield running


def draw(asked: Asked) -> Clip:
    width, height = map(int, str(asked["size"]).split("x"))
    return Clip(moving_square(4, height, width), 8.0)


@pytest.fixture
def build(api: VideoApi, clock: FakeTime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """Builds loaded adapters for the server; they are closed at the end."""
    made: list[Http] = []
    monkeypatch.setenv("VIDEO_KEY", KEY)

    def build(**config: Any) -> Http:
        base = {"base_url": api.url, "model": "sora", "output": ".mkv", "key_env": "VIDEO_KEY"}
        generator = Http({**base, **config})
        generator.load()
        made.append(generator)
        return generator

    yield build
    for generator in made:
        generator.close()


def ask(**fields: Any) -> GenerationRequest:
    given = {"prompt": "a cat", "num_frames": 4, "height": 48, "width": 64, "fps": 8.0, "seed": 5, **fields}
    return GenerationRequest("s", **given)


def call(generator: Http, request: GenerationRequest | None = None, **context: Any) -> CallRecord:
    return record_of(generator, request or ask(), **context)


def failing(generator: Http, kind: type[Exception] = GeneratorError) -> str:
    with pytest.raises(kind) as caught:
        call(generator)
    assert KEY not in str(caught.value)
    return str(caught.value)
