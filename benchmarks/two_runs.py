"""Twenty real pairs of runs of one unchanged generator: how often its speed is said to have changed.

Each run times the generator anew, in fresh processes, as `run --retime` does; the runs follow each other, and
each is compared with the next. Two runs alone are judged with the policy's figure for what differs between
occasions; with all of them under one root it is estimated from them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import yaml

from benchmarks.figure import Figure, summarise
from vbench_lite.compare import RunArm, compare
from vbench_lite.compare.comparison import Comparison
from vbench_lite.results.arms import calm_calls
from vbench_lite.run import runner
from vbench_lite.run.plan.spec import parse_spec
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.store.rundir import RunDir

PAIRS = 20
GENERATOR = "reference/autoregressive"  # of the shipped ones that whose calls are the shortest
LATENCY = "speed/latency_s"
SPEEDS = (LATENCY, "speed/time_to_first_frame_s", "speed/frames_per_s", "speed/real_time_factor")
SUITE = {
    "name": "two-runs",
    "version": 1,
    "description": "One generator, timed.",
    "prompts": {"dataset": "shapes", "count": 2},
    "request": {"num_frames": 16, "height": 32, "width": 32, "fps": 8},
    "samples": 1,
    "metrics": list(SPEEDS),
    "axes": {},
    "performance": {"rounds": 3, "warm_calls": 3},
}


def measure() -> list[Figure]:
    """False alarms of two runs alone and of two with the others as history, and how far times are apart."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "all")
        runs = occasions(root, PAIRS + 1)
        alone, beside = [], []
        for number, pair in enumerate(pairwise(runs)):
            own = Path(folder, str(number))
            for run in pair:
                shutil.copytree(run.path, own / "runs" / run.run_id)
            alone.append(judged([RunDir(own, run.run_id) for run in pair]))
            beside.append(judged(pair))
        figures = [
            *called(alone, "two runs alone"),
            *called(beside, f"with {PAIRS + 1} runs as history"),
            summarise("largest change of a speed that was measured", [_largest(one) for one in alone], ""),
        ]
        calm = [calm_calls(run, str(SUITE["name"]), LATENCY).get(GENERATOR) for run in runs]
        share = 100 * sum(calls is None for calls in calm) / len(calm)
        return [*figures, Figure("runs of which every call was disturbed", share, share, share, "%")]


def occasions(root: Path, count: int) -> list[RunDir]:
    """So many runs of the generator, one after the other; all but the first only time it."""
    suite = root.parent / "suite.yaml"
    suite.write_text(yaml.safe_dump(SUITE), encoding="utf-8")
    spec = parse_spec(
        {
            "generators": [{"label": GENERATOR, "adapter": GENERATOR}],
            "suites": [str(suite)],
            "controls": False,
        },
        "benchmark",
    )
    return [RunDir(root, runner.run(spec, root, retime=place > 0).run_id) for place in range(count)]


def judged(pair: Sequence[RunDir]) -> Comparison:
    """The first run as the baseline of the second."""
    return compare(*(RunArm(run, GENERATOR) for run in pair))


def called(comparisons: Sequence[Comparison], how: str) -> list[Figure]:
    """How many comparisons call some speed better or worse, or judge none."""
    said = [{one.verdict for one in each.metrics} for each in comparisons]
    figures = []
    for verdict, held in (("REGRESSED", "at most 1"), ("IMPROVED", "at most 1"), ("INCOMPARABLE", "")):
        count = sum(Verdict[verdict] in verdicts for verdicts in said)
        told = f"{how}: pairs of {len(said)} in which some speed is {verdict}"
        figures.append(Figure(told, count, count, count, "", held))
    return figures


def _largest(comparison: Comparison) -> float:
    """The largest change of a speed, as the absolute log of a ratio; 0 where none could be judged."""
    return max((abs(one.delta) for one in comparison.metrics if one.delta is not None), default=0.0)
