"""How the answers on the stage world move with steps, temperature and the strength of refinement.

The axes of the default suite that need no clock, for settings of each reference generator: so many captions,
seed 0, the value and its 95% interval. The default setting of each is marked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.untimed import untimed_suite
from vbench_lite.metric import Axis
from vbench_lite.results.board import BoardRow, build_board
from vbench_lite.run import runner
from vbench_lite.run.plan.spec import parse_spec
from vbench_lite.store.rundir import RunDir

SAMPLES = 24
KNOBS = {  # by generator: a key of its configuration, its values, and which of them is the default
    "latent-diffusion": ("steps", (4, 12, 24, 48), 24),
    "hybrid": ("steps", (2, 4, 8, 16), 8),
    "autoregressive": ("temperature", (0.3, 0.7, 1.0, 1.3), 0.7),
    "refined": ("strength", (0.2, 0.35, 0.5, 0.75), 0.5),
}
AXES = (Axis.QUALITY, Axis.COHERENCE, Axis.ALIGNMENT, Axis.DIVERSITY)


def measure() -> list[Figure]:
    """Axis scores of every setting."""
    with tempfile.TemporaryDirectory() as folder:
        return figures(Path(folder), SAMPLES)


def figures(root: Path, samples: int) -> list[Figure]:
    """The same; a run that is under the root already is not made again."""
    suite = untimed_suite(root / "untimed.yaml", also=())
    arms = [
        {"label": f"{name}/{key}-{value}", "adapter": f"stage/{name}", "config": {key: value}}
        for name, (key, values, _) in KNOBS.items()
        for value in values
    ]
    spec = {"generators": arms, "suites": [str(suite)], "samples": samples}
    outcome = runner.run(parse_spec(spec, "benchmark"), root)
    rows = {row.arm.generator: row for row in build_board([RunDir(root, outcome.run_id)]).rows}
    return [
        figure
        for name, (key, values, default) in KNOBS.items()
        for value in values
        for figure in _axes(rows[f"{name}/{key}-{value}"], f"{name}, {key} {value}", value == default)
    ]


def _axes(row: BoardRow, what: str, default: bool) -> Iterator[Figure]:
    for axis in AXES:
        score = row.axes[axis]
        if score.value is None:
            continue
        low = score.value if score.low is None else score.low
        high = score.value if score.high is None else score.high
        yield Figure(f"{what}{' (default)' if default else ''}: {axis}", score.value, low, high, "")
