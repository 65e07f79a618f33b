"""Live sessions of real worker processes against the same time-tables on a scripted clock.

Every ratio is of one session: measured over exact. Where the exact number is 0, the measured one stands. It
mostly sleeps: where others use the machine, `chrt --rr 1 python -m benchmarks live_clock` keeps them out.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import scripted_worker
from benchmarks.figure import Figure, summarise
from benchmarks.scripted_worker import FRAMES, TIME_TABLES, TimeTable, make_session
from vbench_lite import registry
from vbench_lite.control import parse_script
from vbench_lite.errors import NotApplicable
from vbench_lite.generator import GenerationRequest
from vbench_lite.measure.clock import Clock
from vbench_lite.measure.context import RecordingContext
from vbench_lite.measure.steering import timed
from vbench_lite.metric import Measurement
from vbench_lite.run import runner
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.store.rundir import RunDir

FPS, SIDE = 8.0, 32
SCRIPT = "D*7 0*5 A*7 W*7 0*5 S*7"
SESSIONS = 5
METRICS = {
    "interaction/response_s": "response",
    "interaction/wait_s": "wait",
    "speed/deadline_share": "share of frames on time",
    "speed/worst_lateness_s": "worst lateness",
    "speed/least_buffer_s": "least buffer",
}
ONSET = "interaction/onset_s"
SUITE = f"""
name: live-clock
version: 1
description: sessions by time-tables
prompts: {{dataset: shapes, count: 2, tags: [slowly]}}
request:
  {{num_frames: {FRAMES}, height: {SIDE}, width: {SIDE}, fps: {FPS}, given: image, scripts: ["{SCRIPT}"]}}
samples: 2
metrics: [{", ".join([*METRICS, ONSET])}]
axes: {{}}
performance: {{rounds: 1, warm_calls: {SESSIONS}, limit_s: 3600}}
"""
BAR = "0.9 to 1.1"


def measure() -> list[Figure]:
    """Response, wait, onset, deadlines and buffer of each time-table, as ratios to the exact numbers."""
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(folder, "live-clock.yaml")
        suite.write_text(SUITE, encoding="utf-8")
        labels = {f"table-{place}": name for place, name in enumerate(TIME_TABLES)}
        generators = tuple(_spec(label, name) for label, name in labels.items())
        spec = RunSpec(generators=generators, suites=(str(suite),), controls=False)
        outcome = runner.run(spec, Path(folder, "results"))
        if outcome.failed:
            raise RuntimeError(f"{outcome.failed} sessions failed: {outcome.messages}")
        run = RunDir(Path(folder, "results"), outcome.run_id)
        calls = [call for call in run.calls("live-clock") if call.call == "warm"]
        scores = [row for row in run.rows("score") if row["metric"] == ONSET and row["status"] == "ok"]
    figures = []
    for label, name in labels.items():
        exact = exact_session(TIME_TABLES[name])
        made = [call for call in calls if call.generator == label]
        for metric, word in METRICS.items():
            figures += _figures(f"{name}: {word}", metric, exact, made)
        seen = [float(row["value"]) for row in scores if row["generator"] == label]
        if seen:  # a whole clip has no turn that it could answer
            figures.append(_against(f"{name}: onset", seen, TIME_TABLES[name].delay / FPS))
    return figures


def exact_session(table: TimeTable) -> Measurement:
    """A timed session on a clock that goes only as the time-table says."""
    now = [0.0]

    def spend(seconds: float) -> None:
        now[0] += seconds

    script = parse_script(SCRIPT)
    asked = GenerationRequest("exact", "exact", FRAMES, SIDE, SIDE, FPS, 0, script=script)
    context = RecordingContext([asked], clock=Clock(now=lambda: now[0], sleep=spend), paced=True)
    first = np.zeros((SIDE, SIDE, 3), np.uint8)
    make_session(table, first, partial(context.control, 0), spend, partial(context.emit, 0))
    call = context.result()
    return Measurement(
        "exact", "base", 0, "warm", None, call.total_s, call.arrivals[0], FRAMES, FRAMES, 1, SIDE, SIDE, FPS,
        controls=timed(call.sampled[0]),
    )  # fmt: skip


def _spec(label: str, name: str) -> GeneratorSpec:
    config = {
        "argv": [sys.executable, str(Path(scripted_worker.__file__)), name],
        "streaming": "frame",
        "actions": ["W", "A", "S", "D"],
    }
    return GeneratorSpec(label=label, adapter="worker", config=config)


def _figures(what: str, metric: str, exact: Measurement, made: list[Measurement]) -> list[Figure]:
    value: Callable[[Measurement], float] = registry.load("metrics", metric)().value
    try:
        wanted = value(exact)
    except NotApplicable:  # no control ever reaches a whole clip
        return []
    return [_against(what, [value(call) for call in made], wanted)]


def _against(what: str, values: list[float], exact: float) -> Figure:
    if exact == 0:
        return summarise(f"{what}, exactly 0", values, "s", "0")
    return summarise(f"{what} over {exact:.3g}", [value / exact for value in values], "", BAR)
