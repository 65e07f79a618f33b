"""Scaling out: two workers against one, and a Ray cluster of two nodes against one of one.

The generator (`busy`) is single-threaded: it computes for a fixed number of steps a clip. Local times are of
the whole run, its start and its scoring included, once for a short and once for a longer one: what a run
takes beyond its clips is the same for both, so it weighs more in the short one. For Ray, times are from the
first clip to the last, so that its start does not count. During one Ray run a node is removed.
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

from benchmarks.figure import Figure, summarise
from vbench_lite.run.executors.local import LocalExecutor
from vbench_lite.run.executors.make import make_executor
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.progress import Event
from vbench_lite.run.runner import run
from vbench_lite.store.rundir import RunDir

SHORT = int(os.environ.get("BENCH_SCALE_SHORT", "60"))
LONG = int(os.environ.get("BENCH_SCALE_LONG", "240"))
REPEATS = int(os.environ.get("BENCH_SCALE_REPEATS", "3"))
SUITE = """
name: busy
version: 1
description: a generator that computes
prompts: {{dataset: shapes, count: {samples}}}
request: {{num_frames: 8, height: 32, width: 32, fps: 8}}
samples: {samples}
metrics: [frames/sharpness]
axes: {{quality: {{metrics: {{frames/sharpness: 1}}}}}}
"""


def measure() -> list[Figure]:
    """Time both pairs, and lose a node on the way."""
    _whole_s(LocalExecutor(1), 1)  # what this process imports on its first run counts for neither
    local = [*_local(SHORT), *_local(LONG, "at least 1.8 x")]
    with _cluster() as nodes:
        one = [_made_s(make_executor("ray", 1)) for _ in range(REPEATS)]
        two = [_made_s(make_executor("ray", 2)) for _ in range(REPEATS)]
        lost = _without_a_node(nodes)
    return [
        *local,
        summarise(
            "two Ray nodes against one, after start-up",
            [a / b for a, b in zip(one, two, strict=True)], "x", "at least 1.6 x",
        ),
        summarise("samples lost with a node that was removed in the middle", [float(lost)], "", "0"),
    ]  # fmt: skip


def _local(samples: int, target: str = "") -> list[Figure]:
    """One worker and two, in turn, on a whole run of so many samples."""
    pairs = [
        (_whole_s(LocalExecutor(1), samples), _whole_s(LocalExecutor(2), samples)) for _ in range(REPEATS)
    ]
    what = f"a whole run of {samples} samples"
    return [
        summarise(f"{what}, one local worker", [one for one, _ in pairs], "s"),
        summarise(f"{what}, two local workers", [two for _, two in pairs], "s"),
        summarise(f"{what}: two local workers against one", [one / two for one, two in pairs], "x", target),
    ]


class _Clock:
    """When each batch ended; `first` is set once a quarter of the samples is there."""

    def __init__(self, first: threading.Event | None = None) -> None:
        self.times: list[float] = []
        self._first = first

    def on_event(self, event: Event) -> None:
        if event.stage == "generate" and event.done > len(self.times):
            self.times.append(time.perf_counter())
            if self._first is not None and event.done > event.total // 4:
                self._first.set()


def _run(executor: Any, root: Path, clock: _Clock, samples: int) -> RunDir:
    suite = root.parent / "busy.yaml"
    suite.write_text(SUITE.format(samples=samples), encoding="utf-8")
    busy = GeneratorSpec(label="busy", adapter="benchmarks.busy:Busy")
    spec = RunSpec(generators=(busy,), suites=(str(suite),), controls=False)
    return RunDir(root, run(spec, root, executor=executor, progress=clock).run_id)


def _whole_s(executor: Any, samples: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        before = time.perf_counter()
        _run(executor, Path(folder) / "root", _Clock(), samples)
        return time.perf_counter() - before


def _made_s(executor: Any) -> float:
    """Seconds a clip, once every worker is at work: over the second half of the clips."""
    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        _run(executor, Path(folder) / "root", clock, SHORT)
    middle = len(clock.times) // 2
    return (clock.times[-1] - clock.times[middle]) / (len(clock.times) - 1 - middle)


def _without_a_node(nodes: Any) -> int:
    begun = threading.Event()
    removal = threading.Thread(
        target=lambda: begun.wait(600) and nodes.remove_node(nodes.second, allow_graceful=False)
    )
    removal.start()
    with tempfile.TemporaryDirectory() as folder:
        made = _run(make_executor("ray", 2), Path(folder) / "root", _Clock(begun), SHORT)
        rows = made.rows("sample")
    removal.join()
    return SHORT - len([row for row in rows if row["status"] == "ok"])


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
