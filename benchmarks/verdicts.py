"""Whether a comparison tells a truly worse update of the reference generators from a truly equal one.

Each seed makes one run of every reference generator and of its two settings that imitate an update:
`coarse` truly harms, `bf16-weights` does not (adapters/reference/weights.py). Timing is left out: the
weights are rounded when they are loaded, so that both settings cost the same.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import yaml

from benchmarks.figure import Figure
from vbench_lite.compare import RunArm, compare
from vbench_lite.run import runner
from vbench_lite.run.plan.spec import parse_spec
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.store.rundir import RunDir
from vbench_lite.suite import load_suite

GENERATORS = ("latent-diffusion", "autoregressive", "hybrid")
WORSE, EQUAL = "coarse", "bf16-weights"
SEEDS = 10
SAMPLES = 32


def measure() -> list[Figure]:
    """Seeds of ten in which the verdict is right, for each generator."""
    found: Counter[tuple[str, str, Verdict]] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        suite = untimed_suite(root / "untimed.yaml")
        for seed in range(SEEDS):
            found.update(verdicts(root, suite, seed, SAMPLES))
    figures = []
    for name in GENERATORS:
        worse = found[name, WORSE, Verdict.REGRESSED]
        equal = SEEDS - found[name, EQUAL, Verdict.REGRESSED]
        for what, count in ((f"{WORSE} is REGRESSED", worse), (f"{EQUAL} is not REGRESSED", equal)):
            told = f"{name}: {what}, seeds of {SEEDS} ({SAMPLES} prompts)"
            figures.append(Figure(told, count, count, count, "", "at least 9"))
    return figures


def untimed_suite(path: Path) -> Path:
    """The suite `quick` without its performance pass and its axes of speed and memory."""
    content = load_suite("quick").model_dump(mode="json", exclude_none=True, exclude={"performance"})
    content["name"] = "quick-untimed"
    for axis in ("speed", "memory"):
        content["axes"].pop(axis)
    content["metrics"] = [name for name in content["metrics"] if not name.startswith(("speed/", "memory/"))]
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def verdicts(
    root: Path, suite: Path, seed: int, samples: int, generators: tuple[str, ...] = GENERATORS
) -> list[tuple[str, str, Verdict]]:
    """(generator, setting, verdict) of both settings against the default one, from one run of a seed."""
    settings = {"default": {}, WORSE: {"setting": WORSE}, EQUAL: {"setting": EQUAL}}
    spec = {
        "generators": [
            {"label": f"{name}/{label}", "adapter": f"reference/{name}", "config": config}
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
