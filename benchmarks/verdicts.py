"""Whether a comparison tells a truly worse update of the reference generators from a truly equal one.

Each seed makes one run of every reference generator of the shapes world and of its two settings that
imitate an update: `coarse` truly harms, `bf16-weights` does not (adapters/reference/weights.py). Timing is
left out: the weights are rounded when they are loaded, so that both settings cost the same.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.untimed import untimed_suite
from vbench_lite.compare import RunArm, compare
from vbench_lite.run import runner
from vbench_lite.run.plan.spec import parse_spec
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.store.rundir import RunDir
from vbench_lite.suite import load_suite

WORSE, EQUAL = "coarse", "bf16-weights"
SEEDS = 10
SAMPLES = 32


def measure() -> list[Figure]:
    """Seeds of ten in which the verdict is right, for each generator of the shapes world."""
    with tempfile.TemporaryDirectory() as folder:
        return figures(Path(folder), "quick-shapes", SAMPLES)


def figures(root: Path, suite: str, samples: int) -> list[Figure]:
    """The same for the generators that a suite names; runs that are under the root are not made again."""
    found: Counter[tuple[str, str, Verdict]] = Counter()
    generators = load_suite(suite).generators
    written = untimed_suite(root / "untimed.yaml", suite, also=())
    for seed in range(SEEDS):
        found.update(verdicts(root, written, seed, samples, generators))
    rows = []
    for name in generators:
        worse = found[name, WORSE, Verdict.REGRESSED]
        equal = SEEDS - found[name, EQUAL, Verdict.REGRESSED]
        for what, count in ((f"{WORSE} is REGRESSED", worse), (f"{EQUAL} is not REGRESSED", equal)):
            told = f"{name}: {what}, seeds of {SEEDS} ({samples} prompts)"
            rows.append(Figure(told, count, count, count, "", "at least 9"))
    return rows


def verdicts(
    root: Path, suite: Path, seed: int, samples: int, generators: Sequence[str]
) -> list[tuple[str, str, Verdict]]:
    """(generator, setting, verdict) of both settings against the default one, from one run of a seed."""
    settings = {"default": {}, WORSE: {"setting": WORSE}, EQUAL: {"setting": EQUAL}}
    spec = {
        "generators": [
            {"label": f"{name}/{label}", "adapter": name, "config": config}
            for name in generators
            for label, config in settings.items()
        ],
        "suites": [str(suite)],
        "samples": samples,
        "seed": seed,
    }
    outcome = runner.run(parse_spec(spec, "benchmark"), root)
    run = RunDir(root, outcome.run_id)
    return [
        (name, label, compare(RunArm(run, f"{name}/default"), RunArm(run, f"{name}/{label}")).verdict)
        for name in generators
        for label in (WORSE, EQUAL)
    ]
