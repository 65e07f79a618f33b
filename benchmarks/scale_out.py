"""Scaling out: two workers against one, and a Ray cluster of two nodes against one of one.

The generator is single-threaded: it computes for a fixed number of steps a clip. Times are of the whole
run for local workers; for Ray, from the first clip to the last, so that its start does not count. During
one Ray run a node is removed.
"""

from __future__ import annotations

import importlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figure import Figure, summarise
from vbench_lite.engine.executors.local import LocalExecutor
from vbench_lite.engine.executors.make import make_executor
from vbench_lite.engine.progress import Event
from vbench_lite.engine.runner import run
from vbench_lite.engine.spec import GeneratorSpec, RunSpec
from vbench_lite.generator import Family, Generator, GeneratorConfig, GeneratorInfo
from vbench_lite.store.rundir import RunDir

SAMPLES = int(os.environ.get("BENCH_SCALE_SAMPLES", "60"))
STEPS = int(os.environ.get("BENCH_SCALE_STEPS", "400"))
REPEATS = int(os.environ.get("BENCH_SCALE_REPEATS", "3"))
SIDE = 192
SUITE = f"""
name: busy
version: 1
description: a generator that computes
prompts: {{dataset: shapes, count: {SAMPLES}}}
request: {{num_frames: 8, height: 32, width: 32, fps: 8}}
samples: {SAMPLES}
metrics: [frames/sharpness]
axes: {{quality: {{metrics: {{frames/sharpness: 1}}}}}}
"""


class Busy(Generator):
    """Multiplies matrices on one thread and then emits noise."""

    Config = GeneratorConfig

    @property
    def info(self) -> GeneratorInfo:
        return GeneratorInfo(name="busy", family=Family.EXTERNAL, native_fps=8.0)

    def load(self) -> None:
        """There is nothing to load."""

    def generate(self, requests: Any, context: Any) -> None:
        for index, request in enumerate(requests):
            rng = np.random.default_rng(request.seed)
            state = rng.normal(size=(SIDE, SIDE))
            for step in range(STEPS):
                state = np.tanh(state @ state.T / SIDE)
                context.step(step, STEPS)
            shape = (request.num_frames, request.height, request.width, 3)
            context.emit(index, rng.integers(0, 256, shape, dtype=np.uint8))


def measure() -> list[Figure]:
    """Time both pairs, and lose a node on the way."""
    local = [_whole_s(LocalExecutor(1)) / _whole_s(LocalExecutor(2)) for _ in range(REPEATS)]
    with _cluster() as nodes:
        one = [_made_s(make_executor("ray", 1)) for _ in range(REPEATS)]
        two = [_made_s(make_executor("ray", 2)) for _ in range(REPEATS)]
        lost = _without_a_node(nodes)
    return [
        summarise("two local workers against one: whole run", local, "x", "at least 1.8 x"),
        summarise(
            "two Ray nodes against one, after start-up",
            [a / b for a, b in zip(one, two, strict=True)], "x", "at least 1.6 x",
        ),
        summarise("samples lost with a node that was removed in the middle", [float(lost)], "", "0"),
    ]  # fmt: skip


class _Clock:
    """When the first and the last batch ended."""

    def __init__(self, first: threading.Event | None = None) -> None:
        self.times: list[float] = []
        self._first = first

    def on_event(self, event: Event) -> None:
        if event.stage == "generate" and event.done > len(self.times):
            self.times.append(time.perf_counter())
            if self._first is not None and event.done > SAMPLES // 4:
                self._first.set()


def _run(executor: Any, root: Path, clock: _Clock) -> RunDir:
    suite = root.parent / "busy.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    busy = GeneratorSpec(label="busy", adapter="benchmarks.scale_out:Busy")
    spec = RunSpec(generators=(busy,), suites=(str(suite),), controls=False)
    return RunDir(root, run(spec, root, executor=executor, progress=clock).run_id)


def _whole_s(executor: Any) -> float:
    with tempfile.TemporaryDirectory() as folder:
        before = time.perf_counter()
        _run(executor, Path(folder) / "root", _Clock())
        return time.perf_counter() - before


def _made_s(executor: Any) -> float:
    """Seconds a clip, once every worker is at work: over the second half of the clips."""
    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        _run(executor, Path(folder) / "root", clock)
    middle = len(clock.times) // 2
    return (clock.times[-1] - clock.times[middle]) / (len(clock.times) - 1 - middle)


def _without_a_node(nodes: Any) -> int:
    begun = threading.Event()
    removal = threading.Thread(
        target=lambda: begun.wait(600) and nodes.remove_node(nodes.second, allow_graceful=False)
    )
    removal.start()
    with tempfile.TemporaryDirectory() as folder:
        made = _run(make_executor("ray", 2), Path(folder) / "root", _Clock(begun))
        rows = made.rows("sample")
    removal.join()
    return SAMPLES - len([row for row in rows if row["status"] == "ok"])


@contextmanager
def _cluster() -> Iterator[Any]:
    ray: Any = importlib.import_module("ray")
    cluster: Any = importlib.import_module("ray.cluster_utils")

    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    )
    os.environ.setdefault("RAY_health_check_period_ms", "500")
    os.environ.setdefault("RAY_health_check_failure_threshold", "3")
    nodes = cluster.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        nodes.second = nodes.add_node(num_cpus=1)
        ray.init(address=nodes.address, log_to_driver=False, configure_logging=False)
        yield nodes
    finally:
        ray.shutdown()
        nodes.shutdown()
