"""The same verdicts on updates of the generators of the stage world, by the default suite.

`coarse` and `bf16-weights` of each, without timing and without the clips of eight seconds.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.verdicts import figures

SAMPLES = 16  # a harder world, whose clips cost more


def measure() -> list[Figure]:
    """Seeds of ten in which the verdict is right, for each generator of the stage world."""
    with tempfile.TemporaryDirectory() as folder:
        return figures(Path(folder), "quick", SAMPLES)
