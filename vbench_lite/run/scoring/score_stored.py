"""Every suite of a run that is stored, scored by whoever is given: after a merge, or once more."""

from __future__ import annotations

from collections.abc import Sequence

from vbench_lite.run.executors.contract import Executor, Settings
from vbench_lite.run.progress import Event, Progress
from vbench_lite.run.scoring.reference import baseline_arm
from vbench_lite.run.scoring.score_part import Tools
from vbench_lite.run.scoring.score_rows import ScoreSummary
from vbench_lite.run.scoring.scorer import score_run
from vbench_lite.run.threads import THREADS
from vbench_lite.store.rundir import RunDir
from vbench_lite.suite import parse_suite


def score_stored(
    run: RunDir,
    executor: Executor,
    progress: Progress,
    *,
    metrics: Sequence[str] | None = None,
    pairs: str | None = None,
) -> dict[str, ScoreSummary]:
    """Score what is not scored yet under the same fingerprint; the caller holds the run's lock.

    Args:
        metrics: in place of those that each suite names.
        pairs: the arm that pair metrics compare with, in place of the suites' own.

    Returns:
        What scoring did, by suite.

    Raises:
        RegistryError: a metric that nobody registers.
        StoreError: the run cannot be read, or no process can score it.
    """
    document = run.document()
    settings = Settings(
        root=run.root,
        logs=run.logs,
        threads=THREADS,
        timeout_s=document.timeout_s,
        load_timeout_s=document.timeout_s,
    )
    summaries = {}
    for content in document.suites:
        suite = parse_suite(content, f"run {run.run_id}")
        summaries[suite.name] = score_run(
            run,
            suite,
            tools=Tools.of(run.root, suite.metrics if metrics is None else metrics, THREADS),
            pairs=pairs or baseline_arm(suite, document.generators),
            by=(executor, settings),
            on_progress=lambda done, total: progress.on_event(Event("score", "clips", done, total)),
        )
    return summaries
