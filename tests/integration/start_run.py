"""A run of the toy generator in a process that a test can kill; takes ROOT SUITE SAMPLES DELAY_S."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.runner import run


def specification(root: Path, suite: str, samples: int, delay_s: float) -> RunSpec:
    """The toy, which writes down below the root what it begins to make, and the toy in batches of three."""
    config = {"world": True, "delay_s": delay_s}
    noted = {**config, "made": str(root / "made.txt")}
    toys = (
        GeneratorSpec(label="toy", adapter="toys:Toy", config=noted),
        GeneratorSpec(label="toy-of-three", adapter="toys:Toy", config=config, batch=3),
    )
    return RunSpec(generators=toys, suites=(suite,), samples=samples, controls=False)


def main(root: Path, suite: str, samples: int, delay_s: float) -> None:
    print(json.dumps(asdict(run(specification(root, suite, samples, delay_s), root))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
