"""Leaderboard, advice and report over 500 generators, in one run and in a hundred

The rows are made up: every metric of `quick` and as many clips a generator as it asks for, three rounds of
calls, controls.
The commands are those of a user in fresh processes, without an index of boards that were made before.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figure import Figure
from benchmarks.stored_rows import PROGRAM, figures, samples, stored, timed, write_rows
from vbench_lite.metric import BASE_CASE, Measurement
from vbench_lite.results.board_index import FOLDER
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.run.plan.plan import Plan, build_plan
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.store.schema import Level, ScoreRecord
from vbench_lite.store.tables import measurement_row

GENERATORS = int(os.environ.get("BENCH_GENERATORS", "500"))
RUNS = 100
ROUNDS, WARM = 3, 3
FAMILIES = ("latent_diffusion", "autoregressive", "hybrid")
LEVELS = {"distribution": Level.SET, "diversity": Level.SET, "speed": Level.CALL, "memory": Level.CALL}
CONTROL_LEVEL = {"real": 0.95, "shuffled": 0.3, "frozen": 0.25, "noise": 0.05}


def measure() -> list[Figure]:
    """Build both stores and time the commands."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for runs, told in ((1, "in one run"), (RUNS, f"in {RUNS} runs")):
            root = Path(folder) / str(runs)
            write_store(root, runs, GENERATORS // runs)
            page = str(root / "report.html")
            verbs = [("leaderboard", ["leaderboard", "--json"], 5), ("advise", ["advise"], 15)]
            verbs += [("report", ["report", "latest", "-o", page], 15)] if runs == 1 else []
            for name, verb, bar in verbs:
                shutil.rmtree(root / FOLDER, ignore_errors=True)
                measured = [timed([str(PROGRAM), *verb, "--root", str(root)])]
                found += figures(f"{name} over {GENERATORS} generators {told}", measured, f"at most {bar} s")
    return found


def write_store(root: Path, runs: int, generators: int, clips: int | None = None) -> None:
    """Write finished runs of `quick`, each of so many generators and the controls.

    Args:
        clips: of a generator; by default as many as the suite says.
    """
    rng = np.random.default_rng(0)
    for run in range(runs):
        labels = [f"g{run:03d}/{number:03d}" for number in range(generators)]
        plan = build_plan(
            RunSpec(
                generators=tuple(GeneratorSpec(label=label, adapter="control/noise") for label in labels),
                suites=("quick",),
                samples=clips,
            )
        )
        entries = tuple(
            replace(entry, info={**entry.info, "family": FAMILIES[place % len(FAMILIES)]})
            if entry.label in labels
            else entry
            for place, entry in enumerate(plan.generators)
        )
        plan = replace(plan, generators=entries)
        rows = {"sample": samples(plan), "score": [], "measurement": []}
        for label in dict.fromkeys(sample["generator"] for sample in rows["sample"]):
            mine = [sample for sample in rows["sample"] if sample["generator"] == label]
            goodness = CONTROL_LEVEL.get(label.rsplit("/", 1)[-1]) or float(rng.uniform(0.3, 0.9))
            rows["score"] += _scores(plan, label, mine, goodness, rng)
            if label in labels:
                rows["measurement"] += _calls(label, goodness, rng)
        write_rows(stored(root, plan, "finished"), rows)


def _scores(
    plan: Plan, label: str, clips: list[dict[str, Any]], goodness: float, rng: np.random.Generator
) -> list[dict[str, Any]]:
    found = []
    for metric in plan.suites[0].metrics:
        facts = metric_facts(metric, {})
        level = LEVELS.get(metric.split("/", 1)[0], Level.SAMPLE)
        common: dict[str, Any] = {
            "generator": label, "suite": "quick", "level": str(level), "metric": metric, "status": "ok",
            "fingerprint": f"metric={metric}@1",
            "extras": json.dumps({"unit": facts.unit, "higher_is_better": facts.higher_is_better}),
        }  # fmt: skip
        if level is Level.CALL and label in CONTROL_LEVEL:
            continue
        better = goodness if facts.sign > 0 else 1.0 - goodness
        if level is Level.SET:
            value = better + 0.1
            replicates = rng.normal(value, 0.01, len(clips)).tolist()
            found.append(
                ScoreRecord(
                    **common,
                    value=value,
                    low=value - 0.04,
                    high=value + 0.04,
                    n=len(clips),
                    replicates=replicates,
                )
            )
        elif level is Level.SAMPLE:
            verdicts = metric.startswith("alignment/")
            drawn = rng.random(len(clips)) < better if verdicts else rng.normal(better, 0.05, len(clips))
            found += [
                ScoreRecord(
                    **common, value=float(value), sample_id=clip["sample_id"], prompt_id=clip["prompt_id"]
                )
                for clip, value in zip(clips, drawn, strict=True)
            ]
        else:
            scale = 1e9 if facts.unit == "bytes" else 1.0
            found += [
                ScoreRecord(
                    **common,
                    value=float((better + 0.1) * scale * rng.lognormal(0.0, 0.03)),
                    sample_id=f"{BASE_CASE}/{turn}/{call}",
                    call="first" if call == 0 else "warm",
                    contended=False,
                )
                for turn in range(ROUNDS)
                for call in range(1 + WARM)
            ]
    return [asdict(record) for record in found]


def _calls(label: str, goodness: float, rng: np.random.Generator) -> list[dict[str, Any]]:
    found = []
    for turn in range(ROUNDS):
        for call in range(1 + WARM):
            seconds = float((1.1 - goodness) * rng.lognormal(0.0, 0.03))
            made = Measurement(
                label, BASE_CASE, turn, "first" if call == 0 else "warm", 0.5, seconds,
                ((seconds / 2, 8), (seconds, 8)), 16, 16, 1, 32, 32, 8.0, peak_bytes=10**8,
            )  # fmt: skip
            found.append(dict(measurement_row(made, "quick")))
    return found
