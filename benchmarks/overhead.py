"""What the harness itself costs for each sample: a generator that does nothing, and one that takes 1 s."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure, summarise
from vbench_lite.datasets import shapes
from vbench_lite.generator import (
    Family,
    GenerationContext,
    GenerationRequest,
    Generator,
    GeneratorConfig,
    GeneratorInfo,
)
from vbench_lite.measure.context import RecordingContext
from vbench_lite.run import runner
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.progress import Event

SUITE = """
name: overhead
version: 1
description: Clips of the default size, and no metric.
prompts: {dataset: shapes, count: 256}
request: {num_frames: 16, height: 32, width: 32, fps: 8}
metrics: []
axes: {}
"""
FEW, MANY = 8, 136  # from the first to the last counts; start and end of a run cost once
SLOW_FEW, SLOW_MANY = 2, 10
REPEATS = 3


class IdleConfig(GeneratorConfig):
    """How long it pretends to work."""

    seconds: float = 0.0


class Idle(Generator):
    """Emits a rendered clip (0.1 ms) at once, or after a sleep."""

    Config = IdleConfig

    @property
    def info(self) -> GeneratorInfo:
        return GeneratorInfo("benchmark/idle", Family.EXTERNAL, native_fps=8.0)

    def load(self) -> None:
        """There is nothing to load."""

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        for index, request in enumerate(requests):
            if self.config.seconds:  # even a sleep of 0 s gives the processor away
                time.sleep(self.config.seconds)
            size = (request.num_frames, request.height, request.width)
            context.emit(index, shapes.real_clip(shapes.parse_caption(request.prompt), request.seed, *size))


def measure() -> list[Figure]:
    """Cost of a sample within a run, and of one bare call."""
    idle = [_a_sample_s(0.0, FEW, MANY) * 1e3 for _ in range(REPEATS)]
    busy = [(_a_sample_s(1.0, SLOW_FEW, SLOW_MANY) - 1.0) * 100 for _ in range(REPEATS)]
    calls = [_a_call_s() * 1e6 for _ in range(REPEATS)]
    return [
        summarise("a sample of a generator that does nothing", idle, "ms", "at most 5 ms"),
        summarise("share of the harness where a clip takes 1 s", busy, "%", "at most 2%"),
        summarise("the recording context, a call of four pieces", calls, "µs"),
    ]


class _Watch:
    """Notes when the run told that so many samples were done."""

    def __init__(self) -> None:
        self.done_s: dict[int, float] = {}

    def on_event(self, event: Event) -> None:
        if event.stage == "generate" and not event.lasting:
            self.done_s.setdefault(event.done, time.perf_counter())


def _a_sample_s(seconds: float, few: int, many: int) -> float:
    """Seconds between two samples of a run: generated, hashed, stored losslessly, and journalled."""
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(folder, "overhead.yaml")
        suite.write_text(SUITE)
        generator = GeneratorSpec(
            label="idle", adapter="benchmarks.overhead:Idle", config={"seconds": seconds}
        )
        spec = RunSpec(generators=(generator,), suites=(str(suite),), samples=many, controls=False)
        watch = _Watch()
        outcome = runner.run(spec, Path(folder, "results"), progress=watch)
        if outcome.ok != many:
            raise RuntimeError(f"{outcome.ok} of {many} samples were made: {outcome.messages}")
        reached = sorted(done for done in watch.done_s if few <= done < many)
        first, last = reached[0], reached[-1]
        return (watch.done_s[last] - watch.done_s[first]) / (last - first)


def _a_call_s(calls: int = 500) -> float:
    request = GenerationRequest("benchmark", "nothing", 16, 32, 32, 8.0, 0)
    piece = np.zeros((4, 32, 32, 3), np.uint8)
    start_s = time.perf_counter()
    for _ in range(calls):
        context = RecordingContext([request])
        context.phase("denoise")
        for _ in range(4):
            context.emit(0, piece)
        context.result()
    return (time.perf_counter() - start_s) / calls
