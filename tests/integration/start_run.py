"""A run of the toy generator in a process that a test can kill; takes ROOT SUITE SAMPLES DELAY_S."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from vbench_lite.engine.runner import run
from vbench_lite.engine.spec import GeneratorSpec, RunSpec


def main(root: Path, suite: str, samples: int, delay_s: float) -> None:
    config = {"made": str(root / "made.txt"), "delay_s": delay_s}
    toy = GeneratorSpec(label="toy", adapter="toys:Toy", config=config)
    outcome = run(RunSpec(generators=(toy,), suites=(suite,), samples=samples), root)
    print(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
