"""Whatever a worker sends, a call ends well or with an error that says so, and never in another way."""

from __future__ import annotations

import io
import json
import os
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vbench_lite.adapters.external.worker_session import WorkerSession
from vbench_lite.errors import ClipError, GeneratorError
from vbench_lite.generator import GenerationRequest
from vbench_lite.measure.context import RecordingContext

HELLO = b'{"type": "hello", "protocol": 1}\n'
KINDS = ("emit", "step", "phase", "note", "done", "failed", "loaded", "hello", "other")
FIELDS = (
    *("index", "count", "height", "width", "bytes", "done", "total", "name", "facts", "peak_bytes", "oom"),
    *("error", "reason", "where", "cancelled"),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
MESSAGES = st.fixed_dictionaries({"type": st.sampled_from(KINDS)}, optional=dict.fromkeys(FIELDS, VALUES))


class Script:
    """Stands for a process that has said all that it will ever say."""

    def __init__(self, said: bytes) -> None:
        read, write = os.pipe()
        with os.fdopen(write, "wb") as pipe:
            pipe.write(said)
        self.output = os.fdopen(read, "rb", buffering=0)
        self.process = SimpleNamespace(stdin=io.BytesIO(), stdout=self.output)
        self.ended = False

    def wait(self, timeout_s: float) -> bool:
        return True

    def end(self) -> None:
        self.ended = True

    def last_words(self) -> str:
        return ""

    def failure(self, what: str) -> Exception:
        return GeneratorError(f"{what}: it exited with code 0")

    def hide(self, text: str) -> str:
        return text


def converse(said: bytes) -> None:
    """Start a session with what was said, and ask for one clip."""
    child: Any = Script(said[:50_000])  # a pipe holds no more without a reader
    try:
        session = WorkerSession(child, max_clip_bytes=1000)
        request = GenerationRequest("s", "x", 1, 1, 1, 8.0, 0)
        context = RecordingContext([request])
        session.call([request], context)
        context.result()
    except (GeneratorError, ClipError, MemoryError):
        return
    finally:
        child.output.close()


@given(st.binary(max_size=300))
def test_any_bytes(said: bytes) -> None:
    converse(HELLO + said)


@given(st.lists(MESSAGES, max_size=4), st.binary(max_size=12))
def test_any_messages(messages: list[dict[str, Any]], rest: bytes) -> None:
    converse(HELLO + b"".join(json.dumps(message).encode() + b"\n" for message in messages) + rest)


def test_nesting_without_end() -> None:
    converse(HELLO + b"[" * 40_000 + b"\n")
    converse(b"[" * 40_000 + b"\n" + HELLO)
