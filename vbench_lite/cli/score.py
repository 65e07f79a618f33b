"""`vbench-lite score CLIPS|RUN`: clips made elsewhere, or the clips of a stored run once more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from vbench_lite.cli.exit_codes import FINE, SOME_FAILED, WRONG_USE
from vbench_lite.cli.options import (
    metrics_option,
    networks_options,
    root_and_json,
    stored_run,
    suites_option,
    workers_options,
)
from vbench_lite.cli.output import console, print_json, warn

if TYPE_CHECKING:
    from vbench_lite.extractor import Precision
    from vbench_lite.run.executors.contract import Executor
    from vbench_lite.run.networks import Networks
    from vbench_lite.run.scoring.folder_scores import Grouping

ANY_CLIPS = "open"  # whose metrics need no world of their own


@click.command("score")
@click.argument("target", metavar="CLIPS|RUN", shell_complete=stored_run)
@suites_option
@metrics_option
@click.option(
    "--reference", metavar="CLIPS",
    help="Real clips, or clips of the same names to compare with; for a RUN: the label of one of its arms.",
)  # fmt: skip
@click.option("--fps", type=click.FloatRange(min=0, min_open=True), help="Resample clips to this rate.")
@click.option("--stride", type=click.IntRange(min=1), help="Every n-th frame.")
@click.option("--window", type=click.IntRange(min=1), help="Frames of a clip; default: all.")
@click.option(
    "--place", type=click.Choice(["first", "centre", "every"]), help="Which window; default: the first."
)
@click.option("--short-side", type=click.IntRange(min=1), help="Resize the shorter side to n pixels.")
@click.option(
    "--by", type=click.Choice(["generator", "folder", "all"]),
    help="Clips that are one set for distances, diversity and the like; default: those of a generator.",
)  # fmt: skip
@workers_options
@networks_options
@root_and_json
def command(
    target: str,
    suites: tuple[str, ...],
    metrics: tuple[str, ...],
    reference: str | None,
    by: Grouping | None,
    executor: str,
    workers: int | None,
    address: str | None,
    score_device: str | None,
    score_precision: Precision | None,
    root: Path,
    as_json: bool,
    **rules: Any,  # fields of `ClipRules`
) -> int:
    """Score CLIPS (a folder, a manifest, or a file), or a stored RUN once more.

    A manifest is CSV or JSON lines with file, prompt, seed, generator; VBench's full_info.json; or a
    prompts.txt (one a line) for numbered clips, or clips named after their prompts, whole or cut off.
    Clips of unlike generators are sets of their own.

    Without --suite or --metric: the metrics of the suite open, and with --reference every metric that
    compares a clip with its reference; for a RUN those of its own suites, by --workers processes or a
    Ray cluster, with the same scores. With --json for CLIPS:
    {samples{file: {metric: value}}, series{file: {metric: [[seconds, value]]}}, notes{file: {metric:
    text}}, sets{metric: {value, ci, ci_reason, n, details}}, groups{group: {metric: as in sets}} in its
    place where the clips are several sets, not_applicable{metric: {file, group or "*": reason}},
    errors{file: reason}, decodes{file: count}, flags{file: []}, unverified[]: metrics with values from
    weights of no known hash}. Exit code 3 if some files failed, 2 if all did.
    """
    from vbench_lite.run.networks import Networks

    given = {name: value for name, value in rules.items() if value is not None}
    path = Path(target)
    if path.exists() or path.suffix:
        if (executor, workers, address) != ("local", None, None):
            raise click.UsageError("--workers, --executor and --address are for a stored RUN; clips take one")
        wanted = metric_ids(suites, metrics, default=ANY_CLIPS, pairs=reference is not None)
        networks = Networks(score_device or "cpu", score_precision or "float32")
        return _score_clips(
            path, wanted, reference, given, _names(suites), by or "generator", networks, root, as_json
        )
    if given or by is not None:
        flag = next(iter(given), "by").replace("_", "-")
        raise click.UsageError(f"--{flag} is for clips made elsewhere; {target!r} is no file or folder")
    from vbench_lite.run.executors.make import make_executor

    chosen = metric_ids(suites, metrics, default=ANY_CLIPS) if suites or metrics else None
    maker = make_executor(executor, workers, address)
    return _score_run(target, chosen, reference, maker, score_device, score_precision, root, as_json)


def metric_ids(
    suites: Sequence[str], metrics: Sequence[str], *, default: str, pairs: bool = False
) -> list[str]:
    """Ids named by suites and one by one; where none is, those of a default suite that clips alone have.

    Args:
        pairs: by default also every registered metric that reads a reference clip.
    """
    from vbench_lite import registry
    from vbench_lite.metric import CallMetric, PairMetric
    from vbench_lite.suite import load_suite

    wanted = [name for suite in suites for name in load_suite(suite).metrics] + list(metrics)
    if not wanted:
        every = load_suite(default).metrics
        wanted = [name for name in every if not issubclass(registry.load("metrics", name), CallMetric)]
        if pairs:
            known = registry.loadable("metrics")
            wanted += [name for name, kind in known.items() if issubclass(kind, PairMetric)]
    return list(dict.fromkeys(wanted))


def _names(suites: Sequence[str]) -> Literal["free", "prompt"]:
    """Whether one of these suites takes files to be named after their prompts."""
    from vbench_lite.suite import load_suite

    return "prompt" if any(load_suite(suite).clip_names == "prompt" for suite in suites) else "free"


def _score_clips(
    clips: Path,
    metrics: list[str],
    reference: str | None,
    given: dict[str, Any],
    names: Literal["free", "prompt"],
    by: Grouping,
    networks: Networks,
    root: Path,
    as_json: bool,
) -> int:
    from vbench_lite.cli.progress import shown
    from vbench_lite.run.progress import Event
    from vbench_lite.run.scoring.score_folder import score_clips
    from vbench_lite.validation_errors import validated
    from vbench_lite.video.frame_rules import ClipRules

    rules = validated(ClipRules, given, "clip rules")
    with shown() as progress:
        scores = score_clips(
            clips,
            metrics,
            reference=None if reference is None else Path(reference),
            rules=rules,
            root=root if root.exists() else None,  # features are kept only beside results
            networks=networks,
            names=names,
            by=by,
            on_progress=lambda done, total: progress.on_event(Event("score", "clips", done, total)),
        )
    if as_json:
        print_json(scores.as_dict())
    elif scores.samples:
        from vbench_lite.report.terminal.scores import print_scores

        print_scores(scores.as_dict(), console())
    for file, reason in scores.errors.items():
        warn(f"failed: {reason}" if reason.startswith(file) else f"failed: {file}: {reason}")
    if not scores.samples:
        return WRONG_USE
    return SOME_FAILED if scores.errors else FINE


def _score_run(
    name: str,
    metrics: list[str] | None,
    pairs: str | None,
    executor: Executor,
    device: str | None,
    precision: Precision | None,
    root: Path,
    as_json: bool,
) -> int:
    """Score every suite of a run again; what is there under the same fingerprint is kept."""
    from vbench_lite.cli.leaderboard import print_card
    from vbench_lite.cli.progress import shown
    from vbench_lite.errors import ClipError, StoreError
    from vbench_lite.results.board import build_board
    from vbench_lite.run.networks import Networks
    from vbench_lite.run.score_stored import score_stored
    from vbench_lite.store.rundir import resolve_run

    try:
        run = resolve_run(root, name)
    except StoreError:
        raise ClipError(f"{name!r} is neither a file or folder of clips nor a run under {root}") from None
    document = run.document()
    labels = [entry.label for entry in document.generators]
    if pairs is not None and pairs not in labels:
        raise StoreError(
            f"run {run.run_id} has no arm {pairs!r} to compare with; it has: {', '.join(labels)}"
        )
    with run.lock(), shown() as progress:
        networks = Networks(device or document.score_device, precision or document.score_precision)
        summaries = score_stored(run, executor, progress, metrics=metrics, pairs=pairs, networks=networks)
        if document.status == "finished":
            run.compact()
    for suite, summary in summaries.items():
        for message in summary.messages:
            warn(f"suite {suite}: {message}")
    errors = sum(summary.errors for summary in summaries.values())
    board = build_board([run])
    if as_json:
        print_json({"run": run.run_id, "errors": errors, "leaderboard": board.as_dict()})
    else:
        if metrics is not None:  # what was asked for comes first
            from rich.text import Text

            from vbench_lite import registry
            from vbench_lite.report.terminal.board import metrics_text

            asked = {registry.load("metrics", name).info.id for name in metrics}
            console().print(metrics_text(board, asked, console().width), Text())
        print_card(board, [run], next_steps=True, summary=True)
    return SOME_FAILED if errors else FINE
