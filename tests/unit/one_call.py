"""One call of an adapter as the harness makes it, and what was recorded of it."""

from __future__ import annotations

from typing import Any

from vbench_lite.generator import GenerationRequest, Generator
from vbench_lite.measure.context import CallRecord, RecordingContext


def record_of(generator: Generator, *requests: GenerationRequest, **context: Any) -> CallRecord:
    """Make a call; `context` is what the sink is built with (clocks, listeners, whether to stop)."""
    recording = RecordingContext(requests, **context)
    generator.generate(requests, recording)
    return recording.result()
