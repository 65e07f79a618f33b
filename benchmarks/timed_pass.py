"""One timed pass of this harness, as a run makes it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from vbench_lite.metric import Measurement
from vbench_lite.processes import THREADS
from vbench_lite.run.timing.performance import measure
from vbench_lite.run.timing.timed_process import TimedProcess
from vbench_lite.run.worker_process import Settings
from vbench_lite.store.schema import GeneratorEntry
from vbench_lite.suite import Suite

TIMEOUT_S = 600.0


def timed_pass(entries: Sequence[GeneratorEntry], suite: Suite) -> list[Measurement]:
    """Every timed call of these generators.

    Raises:
        RuntimeError: one of them could not be timed.
    """
    calls: list[Measurement] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder), Path(folder), THREADS, TIMEOUT_S, TIMEOUT_S)
        opened = partial(TimedProcess, settings=settings)
        summary = measure(entries, suite, on_record=calls.append, open_session=opened)
    if summary.failures:
        raise RuntimeError(f"a generator could not be timed: {summary.failures}")
    return calls
