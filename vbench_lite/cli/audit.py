"""`vbench-lite audit`: can each metric be believed on these clips? Known damage tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vbench_lite.cli.exit_codes import FINE
from vbench_lite.cli.options import metrics_option, registered, root_and_json, suites_option
from vbench_lite.cli.output import console, print_json, warn

if TYPE_CHECKING:
    from vbench_lite.votes.review import AxisVotes


DEFAULT_SUITE = "quick"


def without_networks(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part metrics into those without and those with a network of their own for every pair of clips."""
    from vbench_lite import registry
    from vbench_lite.metric import PairMetric

    heavy = []
    for name in names:
        metric = registry.load("metrics", name)
        if issubclass(metric, PairMetric) and metric.info.weights:
            heavy.append(name)
    return [name for name in names if name not in heavy], heavy


@click.command("audit")
@click.argument("clips", required=False, type=click.Path(path_type=Path), metavar="[CLIPS]")
@suites_option
@metrics_option
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    help="Other real clips, for metrics that compare two sets.",
)
@click.option(
    "--dataset",
    metavar="NAME|PATH",
    shell_complete=registered("datasets"),
    help="Clips of this data set; default: that of the suite.",
)
@click.option("--clips", "count", type=click.IntRange(min=4), help="How many clips to damage.")
@click.option("--frames", type=click.IntRange(min=2), help="Frames of a clip; default: those of the suite.")
@click.option(
    "--short-side", type=click.IntRange(min=16), default=128, show_default=True,
    help="Resize a folder's clips so that the shorter side has so many pixels.",
)  # fmt: skip
@click.option(
    "--limit-s", type=click.FloatRange(min=0, min_open=True), default=150.0, show_default=True,
    help="Seconds for the pass; fewer clips are damaged to stay below.",
)  # fmt: skip
@root_and_json
def command(
    clips: Path | None,
    suites: tuple[str, ...],
    metrics: tuple[str, ...],
    dataset: str | None,
    frames: int | None,
    root: Path,
    as_json: bool,
    **how: Any,  # arguments of `from_clips.audit`
) -> int:
    """Damage real clips in known ways and see which metrics notice.

    CLIPS is a folder, a manifest or a file; without it, clips of the data set of the suite. Without --suite
    or --metric: those of the suite quick, and those that compare a clip with its reference without a network.
    The result is kept under ROOT/audits and shown beside leaderboards. Where people voted on clips of runs
    under ROOT, it says how often each of the metrics is right about their votes. With --json: {id, created,
    data, damages[], metrics[] {metric, axis, higher_is_better, verdict, words, cells[]}, seconds, notes[],
    environment, votes[] {run, suite, axis, words, agreement[]}}.
    """
    from vbench_lite.cli.progress import shown
    from vbench_lite.cli.score import metric_ids
    from vbench_lite.report.terminal.audit import audit_text
    from vbench_lite.report.terminal.votes import agreement_text
    from vbench_lite.run.progress import Event
    from vbench_lite.sensitivity import store_audit
    from vbench_lite.sensitivity.from_clips import audit
    from vbench_lite.suite import load_suite

    names, heavy = metric_ids(suites, metrics, default=DEFAULT_SUITE, pairs=True), list[str]()
    if not suites and not metrics:
        names, heavy = without_networks(names)
    suite = load_suite(suites[0] if suites else DEFAULT_SUITE)
    request = suite.request
    if frames is not None:
        request = request.model_copy(update={"num_frames": frames})
    with shown() as progress:
        found = audit(
            clips,
            names,
            dataset=dataset or suite.dataset,
            request=request,
            root=root,
            on_progress=lambda done, total: progress.on_event(Event("score", "damaged clips", done, total)),
            **how,
        )
    if heavy:
        told = f"left out because networks take minutes: {', '.join(heavy)}; name them with --metric"
        found = replace(found, notes=[*found.notes, told])
    store_audit(root, found)
    voted = _voted(root, suites, names)
    if as_json:
        print_json(
            found.as_dict()
            | {
                "votes": [
                    {"run": run, "suite": name, "axis": one.axis, "words": one.sentence}
                    | {"agreement": one.agreement_dicts()}
                    for run, name, one in voted
                ]
            }
        )
        return FINE
    console().print(audit_text(found))
    for run, name, one in voted:
        console().print(agreement_text(one, f"votes on {one.axis}, clips of run {run}, suite {name}"))
    return FINE


def _voted(root: Path, suites: Sequence[str], metrics: Sequence[str]) -> list[tuple[str, str, AxisVotes]]:
    """What votes on clips of the runs under a root say of some metrics: run, suite, and each axis.

    Args:
        suites: whose clips count; none: the first suite of each run.
    """
    from vbench_lite.errors import StoreError
    from vbench_lite.store.rundir import list_runs
    from vbench_lite.votes.review import votes_on

    found = []
    try:
        for run in list_runs(root):
            known = [str(content["name"]) for content in run.document().suites]
            for name in [one for one in known if one in suites] if suites else known[:1]:
                found += [(run.run_id, name, one) for one in votes_on(run, name, metrics)]
    except StoreError as error:  # the audit is done and stored all the same
        warn(f"votes are left out: {error}")
    return found
