"""The suites of a run, scored by an executor: at its end, after a merge, or once more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from vbench_lite.run.executors.contract import Executor
from vbench_lite.run.networks import Networks
from vbench_lite.run.progress import Event, Progress
from vbench_lite.run.scoring.reference import baseline_arm
from vbench_lite.run.scoring.score_part import Tools
from vbench_lite.run.scoring.score_rows import ScoreSummary
from vbench_lite.run.scoring.scorer import score_run
from vbench_lite.run.worker_process import Settings
from vbench_lite.store.rundir import RunDir
from vbench_lite.suite import Suite, parse_suite


def score_suite(
    run: RunDir,
    suite: Suite,
    executor: Executor,
    settings: Settings,
    on_progress: Callable[[int, int], None],
    *,
    metrics: Sequence[str] | None = None,
    pairs: str | None = None,
) -> ScoreSummary:
    """Score what is not scored yet of one suite; arguments as in `score_stored`."""
    names = suite.metrics if metrics is None else metrics
    tools = Tools.of(run.root, names, settings.threads, settings.networks)
    return score_run(
        run,
        suite,
        tools=tools,
        pairs=pairs or baseline_arm(suite, run.document().generators),
        score=partial(executor.score, settings=settings, tools=tools),
        scorers=partial(executor.scorers, device=settings.networks.device),
        on_progress=on_progress,
    )


def score_stored(
    run: RunDir,
    executor: Executor,
    progress: Progress,
    *,
    metrics: Sequence[str] | None = None,
    pairs: str | None = None,
    networks: Networks | None = None,
) -> dict[str, ScoreSummary]:
    """Score what is not scored yet under the same fingerprint; the caller holds the run's lock.

    Args:
        metrics: in place of those that each suite names.
        pairs: the arm that pair metrics compare with, in place of the suites' own.
        networks: in place of those that the run was scored with.

    Returns:
        What scoring did, by suite.

    Raises:
        RegistryError: a metric that nobody registers.
        StoreError: the run cannot be read, or no process can score it.
    """
    document = run.document()
    settings = Settings.of(run, document)
    settings = replace(settings, networks=networks or settings.networks)
    settings.networks.check()

    def on_progress(done: int, total: int) -> None:
        progress.on_event(Event("score", "clips", done, total))

    suites = [parse_suite(content, f"run {run.run_id}") for content in document.suites]
    return {
        suite.name: score_suite(run, suite, executor, settings, on_progress, metrics=metrics, pairs=pairs)
        for suite in suites
    }
