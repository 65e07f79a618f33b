"""The harness against `/usr/bin/time -v` and a stopwatch: growth with frames, and peak memory."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from benchmarks.timed_pass import timed_pass
from vbench_lite.metric import Measurement
from vbench_lite.results.scaling import scaling_report
from vbench_lite.run.plan.build import resolve
from vbench_lite.run.plan.spec import GeneratorSpec
from vbench_lite.suite import Suite, parse_suite

GENERATORS = ("reference/latent-diffusion", "reference/autoregressive", "reference/hybrid")
FRAMES = (16, 32, 64, 96)
ROUNDS = 3
WARM = 3
TIME = Path("/usr/bin/time")

# No part of the engine: a context that lets frames go, and a stopwatch around the call. It ends without the
# interpreter's teardown, which touches another 100 MB of torch that no clip needed.
STOPWATCH = """
import os, sys, time
import torch
torch.set_num_threads(1)
from vbench_lite import registry
from vbench_lite.datasets.shapes import sample_scenes
from vbench_lite.generator import GenerationContext, GenerationRequest

class Sink(GenerationContext):
    cancelled = False
    def step(self, done, total): pass
    def emit(self, index, frames): pass
    def phase(self, name): pass
    def note(self, **facts): pass

name, frames, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
generator = registry.load("generators", name)()
generator.load()
for call, scene in enumerate(sample_scenes(calls + 1, 0)):
    request = GenerationRequest(str(call), scene.caption, frames, 32, 32, 8.0, call)
    start = time.perf_counter()
    generator.generate([request], Sink())
    if call:
        print(time.perf_counter() - start, flush=True)
os._exit(0)
"""


def measure() -> list[Figure]:
    """Exponents and peaks by both ways, and how far they are apart."""
    if not TIME.exists():
        raise RuntimeError(f"this benchmark compares with {TIME}; install it (Debian: apt install time)")
    calls = _by_harness()
    report = scaling_report(calls, _suite(), memory_limit_bytes=1e12)
    figures = []
    for name in GENERATORS:
        seconds, peaks = _by_stopwatch(name)
        theirs = float(np.polyfit(np.log(FRAMES), np.log([np.median(seconds[n]) for n in FRAMES]), 1)[0])
        curve = next(curve for curve in report.curves if curve.generator == name)
        assert curve.exponent is not None and curve.exponent.low is not None
        assert curve.exponent.high is not None
        ours = curve.exponent
        figures += [
            Figure(f"{name}: exponent in frames, harness", ours.value, ours.low or 0, ours.high or 0, ""),
            Figure(f"{name}: exponent in frames, stopwatch", theirs, theirs, theirs, ""),
            _apart(f"{name}: exponents apart", [ours.value / theirs], "at most 10%"),
        ]
        ratios = [_median_peak(calls, name, n) / float(np.median(peaks[n])) for n in FRAMES]
        figures.append(_apart(f"{name}: peak memory apart from `time -v`", ratios, "at most 5%"))
    return figures


def _apart(what: str, ratios: list[float], target: str) -> Figure:
    off = sorted(abs(math.log(ratio)) * 100 for ratio in ratios)
    return Figure(what, float(np.median(off)), off[0], off[-1], "%", target)


def _suite() -> Suite:
    data = {
        "name": "independent",
        "version": 1,
        "description": "Lengths of the comparison.",
        "prompts": {"dataset": "shapes", "count": WARM + 1},
        "metrics": [],
        "axes": {},
        "performance": {
            "rounds": ROUNDS,
            "warm_calls": WARM,
            "limit_s": 3600,
            "sweep": {"frames": list(FRAMES)},
        },
    }
    return parse_suite(data, "benchmark")


def _by_harness() -> list[Measurement]:
    entries = [resolve(GeneratorSpec(label=name, adapter=name))[0] for name in GENERATORS]
    return timed_pass(entries, _suite())


def _by_stopwatch(name: str) -> tuple[dict[int, list[float]], dict[int, list[float]]]:
    """Seconds and peak bytes of fresh processes, by frames."""
    seconds: dict[int, list[float]] = {n: [] for n in FRAMES}
    peaks: dict[int, list[float]] = {n: [] for n in FRAMES}
    for frames in [*FRAMES, *reversed(FRAMES)]:
        done = subprocess.run(
            [str(TIME), "-v", sys.executable, "-c", STOPWATCH, name, str(frames), str(WARM)],
            capture_output=True,
            text=True,
            check=True,
        )
        seconds[frames].append(float(np.median([float(line) for line in done.stdout.split()])))
        found = re.search(r"Maximum resident set size \(kbytes\): (\d+)", done.stderr)
        if found is None:
            raise RuntimeError(f"{TIME} -v said nothing of the resident size: {done.stderr[-300:]}")
        peaks[frames].append(int(found.group(1)) * 1024.0)
    return seconds, peaks


def _median_peak(calls: list[Measurement], name: str, frames: int) -> float:
    peaks = [
        call.peak_bytes
        for call in calls
        if (call.generator, call.case) == (name, f"frames={frames}") and call.peak_bytes is not None
    ]
    return float(np.median(peaks))
