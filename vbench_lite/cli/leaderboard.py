"""`vbench-lite leaderboard`: every generator that was run, with intervals, coverage and controls."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from vbench_lite.cli.exit_codes import FINE
from vbench_lite.cli.options import cut_by_tag, root_and_json, root_flag, stored_run, suite_option, tag_option
from vbench_lite.cli.output import console, print_json, warn

if TYPE_CHECKING:
    from vbench_lite.advise.card import Card
    from vbench_lite.results.board import Board
    from vbench_lite.results.choice import Choice
    from vbench_lite.results.scaling import ScalingReport
    from vbench_lite.store.rundir import RunDir

Read = TypeVar("Read")


@click.command("leaderboard")
@click.argument("runs", nargs=-1, metavar="[RUN[:GENERATOR]]...", shell_complete=stored_run)
@suite_option("that of the broadest run")
@click.option("--all", "every", is_flag=True, help="Keep older rows of a generator as well.")
@tag_option
@click.option("--brief", is_flag=True, help="Only the axes, without the table of metrics.")
@root_and_json
def command(
    runs: tuple[str, ...],
    suite: str | None,
    every: bool,
    tag: str | None,
    brief: bool,
    root: Path,
    as_json: bool,
) -> int:
    """Show the answer, then generators side by side: axes, intervals, ranks, coverage, controls apart.

    Without RUN: every finished run, the newest row of each generator and protocol. RUN:GENERATOR picks one
    generator of a run. The tables leave out a run that another one extends with more samples; --all and
    --json have it. With --json: {suite, rows[], controls[], trust[], conflicts[], notes[],
    other_suites[]}, and scaling[] where the suite has a sweep, and audits[] (lines)
    where `audit` has judged its metrics.
    """
    # Read when numpy is loaded. An interval is a product too small for threads: waiting for each other
    # makes it ten times slower.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from vbench_lite.results.choice import choose
    from vbench_lite.results.scaling import run_scaling
    from vbench_lite.votes.preference import with_preference

    warn_damaged(root, runs)
    choice = choose(root, runs, suite=suite, every=every, larger=not as_json)
    if tag is not None:
        return _of_tag(choice, tag, brief, as_json)
    board = with_preference(choice.board(), choice.runs)
    name = board.suite.name
    reports: list[ScalingReport] = []
    for run in choice.runs:
        reports += _of_calls(choice, partial(run_scaling, run, name), [])
    told = what_audits_say(root, board)
    if as_json:
        more = {"scaling": [report.as_dict() for report in reports]} if reports else {}
        print_json(board.as_dict() | more | ({"audits": told} if told else {}))
    else:
        print_card(board, choice.runs)
        console().print()
        print_board(board, metrics=not brief, others=suite is None)
        if choice.extended:
            from vbench_lite.format import plural

            left = plural(len(choice.extended), "run")
            console().print(
                f"not shown: {left} that another with more samples extends; see --all", style="dim"
            )
        for line in told:
            console().print(f"audit: {line}", style="dim", markup=False)
        print_scaling(reports)
        _of_calls(choice, partial(print_stages, choice.runs[0], name), None)
    return FINE


def _of_calls(choice: Choice, read: Callable[[], Read], nothing: Read) -> Read:
    """What timed calls say; those that cannot be read cost only this, unless their run was asked for."""
    from vbench_lite.errors import VBenchLiteError

    try:
        return read()
    except VBenchLiteError as error:
        if choice.named:
            raise
        warn(f"left out: {error}")
        return nothing


def _of_tag(choice: Choice, tag: str, brief: bool, as_json: bool) -> int:
    """The tables of the prompts with a tag; the card speaks of whole runs."""
    from vbench_lite.results.board import build_board, only

    board = build_board([cut_by_tag(run, tag) for run in choice.runs], suite=choice.suite, every=choice.every)
    if choice.picked:
        board = only(board, choice.picked)
    if as_json:
        print_json(board.as_dict() | {"tag": tag})
        return FINE
    console().print(tag_text(tag, board), markup=False)
    print_board(board, metrics=not brief, others=False)
    return FINE


def tag_text(tag: str, board: Board) -> str:
    """What stands above a table that is cut by a tag."""
    prompts = max((len(row.arm.prompts) for row in board.rows), default=0)
    return f"prompts with the tag {tag}: {prompts}\n"


def warn_damaged(root: Path, names: Sequence[str] = ()) -> None:
    """Say which runs are left out of all finished ones because they cannot be read."""
    from vbench_lite.store.rundir import damaged_runs

    for error in () if names else damaged_runs(root):
        warn(f"left out: {error}")


def warn_left_out(choice: Choice) -> None:
    """Say which of the chosen runs are left out because their rows cannot be read."""
    for fault in choice.damaged:
        warn(f"left out: {fault}")


def print_board(board: Board, *, metrics: bool = True, others: bool = True) -> None:
    """Print the tables of a board to stdout; with `others` also which other suites its runs hold.

    What a reader must know before trusting it stands on the card.
    """
    from vbench_lite.report.terminal import board as table

    table.print_board(board, console(), metrics=metrics, doubts=False)
    if others and board.other_suites:
        names = ", ".join(board.other_suites)
        console().print(f"Other suites in these runs: {names} (--suite NAME)", style="dim", markup=False)


def print_card(
    board: Board, runs: Sequence[RunDir], *, next_steps: bool = False, summary: bool = False
) -> None:
    """Print the answer card of a board to stdout.

    Args:
        next_steps: say what to do with it.
        summary: in a job of GitHub Actions, put it on the job's page too.
    """
    from vbench_lite.report.terminal.card import card_text

    card = make_card(board, runs)
    console().print(card_text(card, _next(runs[0]) if next_steps else ()))
    if summary and "GITHUB_STEP_SUMMARY" in os.environ:
        from vbench_lite.report.ci.github import add_card

        add_card(card, os.environ)


def make_card(board: Board, runs: Sequence[RunDir]) -> Card:
    """The answer card of a board over some runs, with every named use."""
    from vbench_lite.advise import use_names
    from vbench_lite.advise.card import answer_card

    return answer_card(board, runs, use_names())


def _next(run: RunDir) -> list[tuple[str, str]]:
    root = root_flag(run.root)
    generators = [entry for entry in run.document().generators if entry.info.get("family") != "control"]
    table = (f"vbench-lite leaderboard latest{root}", "every number with its interval")
    if len(generators) == 1:
        table = (f"vbench-lite leaderboard{root}", "beside the other models")
    return [
        (f"vbench-lite dashboard{root}", "clips and charts in a browser"),
        table,
        (f"vbench-lite baseline set main{root}", "what later runs are compared with"),
    ]


def what_audits_say(root: Path, board: Board) -> list[str]:
    """Lines on the metrics that the axes of a board count, from the audits under the root."""
    from vbench_lite.errors import StoreError
    from vbench_lite.sensitivity.results import load_audits

    try:
        audits = load_audits(root)
    except StoreError as error:
        warn(f"left out: {error}")
        return []
    if not audits:
        return []
    from vbench_lite.report.terminal.audit import audit_notes
    from vbench_lite.results.axes import RELATIVE_AXES

    counted = {
        m for axis, spec in board.suite.axes.items() if axis not in RELATIVE_AXES for m in spec.metrics
    }
    return audit_notes(audits, [metric for metric in board.suite.metrics if metric in counted])


def print_stages(run: RunDir, suite: str) -> None:
    """Print where the seconds of the calls of a run go, where its generators name phases."""
    from vbench_lite.report.charts.traces import cases, typical_calls
    from vbench_lite.report.terminal.stages import stages_text

    calls = run.calls(suite) if any(one["name"] == suite for one in run.document().suites) else []
    sizes = cases(calls)
    shown = stages_text(typical_calls(calls, sizes[0])) if sizes else None
    if shown is not None:
        console().print(shown)


def print_scaling(reports: Sequence[ScalingReport]) -> None:
    """Print what sweeps say, one table a sweep."""
    from vbench_lite.report.terminal.scaling import scaling_text

    for report in reports:
        console().print(scaling_text(report))
