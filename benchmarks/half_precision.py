"""Half precision of the networks that score: differences of each metric to float32, over clips or sets

Real clips of `open-clips` and the controls that are made of them are scored twice, by every metric that reads
a published network whose weights are here. fp16 is for accelerators: a processor measures bf16 alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.figure import Figure, summarise
from vbench_lite import registry
from vbench_lite.run import runner
from vbench_lite.run.plan.spec import parse_spec
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import ScoreStatus
from vbench_lite.weights import files

CLIPS = 6
SIDE = 96
SUITE = "half-precision"
Scores = dict[tuple[str, str], float]  # of a generator's sample, or of its set


def measure() -> list[Figure]:
    """Largest differences over the clips and sets of a generator of noise and of the controls."""
    import torch

    device, precisions = ("cuda:0", ("bf16", "fp16")) if torch.cuda.is_available() else ("cpu", ("bf16",))
    with tempfile.TemporaryDirectory() as folder:
        return list(differences(Path(folder), networked_metrics(), device, precisions))


def networked_metrics() -> list[str]:
    """The metrics of one clip or of a set that read a published network whose weights are here."""

    def here(extractor: str) -> bool:
        keys = registry.load("extractors", extractor).info.weights
        return bool(keys) and all(files.cached(key) is not None for key in keys)

    infos = {name: registry.load("metrics", name).info for name in registry.names("metrics")}
    return [
        name
        for name, info in infos.items()
        if info.extractors and all(map(here, info.extractors)) and not info.weights
    ]


def differences(
    root: Path, metrics: list[str], device: str, precisions: tuple[str, ...], clips: int = CLIPS
) -> Iterator[Figure]:
    """The same for some metrics, with runs under a root."""
    suite = root / "suite.yaml"
    suite.write_text(
        yaml.safe_dump(
            {
                "name": SUITE,
                "version": 1,
                "description": "Metrics that read a network.",
                "prompts": {"dataset": "open-clips"},
                "request": {"num_frames": 16, "height": SIDE, "width": SIDE, "fps": 12},
                "samples": clips,
                "reference": {"count": 2 * clips, "seed": 1},
                "metrics": metrics,
                "axes": {},
            }
        )
    )
    exact = _scores(root, suite, device, "float32")
    for precision in precisions:
        rounded = _scores(root, suite, device, precision)
        for metric, values in exact.items():
            far = [abs(rounded[metric][place] - value) for place, value in values.items()]
            most = max(map(abs, values.values()))
            yield summarise(f"{metric}, {device}, {precision}: difference", far, f"of {most:.3g} at most")


def _scores(root: Path, suite: Path, device: str, precision: str) -> dict[str, Scores]:
    spec: dict[str, Any] = {
        "generators": [{"label": "again", "adapter": "control/shuffled"}],
        "suites": [str(suite)],
        "score_device": device,
        "score_precision": precision,
    }
    run = RunDir(root, runner.run(parse_spec(spec, "benchmark"), root).run_id)
    found: dict[str, Scores] = {}
    for row in run.rows("score"):
        if row["status"] == ScoreStatus.OK:
            place = row["generator"], row["sample_id"] or "set"
            found.setdefault(row["metric"], {})[place] = row["value"]
    return found
