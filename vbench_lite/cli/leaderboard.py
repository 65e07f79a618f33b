"""`vbench-lite leaderboard`: every generator that was run, with intervals, coverage and controls."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vbench_lite.cli.exit_codes import FINE
from vbench_lite.cli.options import json_option, root_option
from vbench_lite.cli.output import console, print_json, warn

if TYPE_CHECKING:
    from vbench_lite.results.board import Board
    from vbench_lite.results.scaling import ScalingReport
    from vbench_lite.store.rundir import RunDir


@click.command("leaderboard")
@click.argument("runs", nargs=-1, metavar="[RUN[:GENERATOR]]...")
@click.option("--suite", help="Which suite; default: the first of the newest run.")
@click.option("--all", "every", is_flag=True, help="Keep older rows of a generator as well.")
@click.option("--brief", is_flag=True, help="Only the axes, without the table of metrics.")
@root_option
@json_option
def command(
    runs: tuple[str, ...], suite: str | None, every: bool, brief: bool, root: Path, as_json: bool
) -> int:
    """Show generators side by side: families, axes, intervals, ranks, coverage, controls apart.

    Without RUN: every finished run, the newest row of each generator and protocol. RUN:GENERATOR picks one
    generator of a run. The tables leave out a run that another one extends with more samples; --all and
    --json have it. With --json: {suite, rows[], controls[], trust[], conflicts[], notes[],
    other_suites[]}, and scaling[] where the suite has a sweep, and audits[] (lines)
    where `audit` has judged its metrics.
    """
    # Read when numpy is loaded. An interval is a product too small for threads: waiting for each other
    # makes it ten times slower.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from vbench_lite.results.board_index import indexed_board
    from vbench_lite.results.scaling import run_scaling

    chosen, picked = choose_runs(root, runs)
    extended = {} if runs or every or as_json else extensions(chosen)
    chosen = [run for run in chosen if run.run_id not in extended]
    board = indexed_board(root, chosen, suite=suite, every=every or bool(runs))
    if picked:
        board = only(board, picked)
    reports = [report for run in chosen for report in run_scaling(run, board.suite.name)]
    told = what_audits_say(root, board)
    if as_json:
        more = {"scaling": [report.as_dict() for report in reports]} if reports else {}
        print_json(board.as_dict() | more | ({"audits": told} if told else {}))
    else:
        print_board(board, metrics=not brief, others=suite is None)
        for old, larger in extended.items():
            console().print(
                f"not shown: run {old}, which {larger} extends; see --all", style="dim", markup=False
            )
        for line in told:
            console().print(f"audit: {line}", style="dim", markup=False)
        print_scaling(reports)
    return FINE


def choose_runs(root: Path, names: Sequence[str]) -> tuple[list[RunDir], set[tuple[str, str]]]:
    """Return the runs of some names (every finished one if there are none), newest first.

    Returns:
        the runs, and the (run id, generator) pairs to keep of those given as RUN:GENERATOR.

    Raises:
        StoreError: a name fits no run, or there is no finished run at all.
    """
    from vbench_lite.errors import StoreError
    from vbench_lite.store import rundir

    if not names:
        found = [run for run in rundir.list_runs(root) if run.document().status == "finished"]
        for error in rundir.damaged_runs(root):
            warn(f"left out: {error}")
        if not found:
            raise StoreError(f"no finished run is under {root}; make one with: vbench-lite run")
        return found, set()
    picked: set[tuple[str, str]] = set()
    chosen: dict[str, RunDir] = {}
    for name in names:
        run_name, _, generator = name.partition(":")
        run = rundir.resolve_run(root, run_name)
        document = run.document()
        labels = [entry.label for entry in document.generators]
        if generator and generator not in labels:
            raise StoreError(f"run {run.run_id} has no generator {generator!r}; it has: {', '.join(labels)}")
        chosen[run.run_id] = run
        picked |= {(run.run_id, label) for label in ([generator] if generator else labels)}
    everything = {(r.run_id, e.label) for r in chosen.values() for e in r.document().generators}
    newest_first = sorted(chosen.values(), key=lambda run: run.document().created, reverse=True)
    return newest_first, set() if picked == everything else picked


def extensions(runs: Sequence[RunDir]) -> dict[str, str]:
    """The runs whose every generator another one has too, with more samples of the same requests.

    Generators are the same if label and fingerprint are: a label alone may stand for another model by now.

    Returns:
        by the id of such a run the id of the larger one.
    """
    known = []
    for run in runs:
        document = run.document()
        asked = json.dumps([document.suites, document.seed], sort_keys=True)
        arms = {(entry.label, entry.fingerprint) for entry in document.generators}
        known.append((run.run_id, document.samples, asked, arms))
    found: dict[str, str] = {}
    for run_id, samples, asked, arms in known:
        larger = [name for name, n, what, its in known if n > samples and what == asked and its >= arms]
        if larger:
            found[run_id] = larger[0]
    return found


def only(board: Board, picked: set[tuple[str, str]]) -> Board:
    """Keep the rows of these (run id, generator) pairs, and every control; ranks stay those of the run."""
    from dataclasses import replace

    rows = [row for row in board.rows if (row.arm.run_id, row.arm.generator) in picked]
    return replace(board, rows=rows)


def print_board(board: Board, *, metrics: bool = True, others: bool = True) -> None:
    """Print the tables of a board to stdout; with `others` also which other suites its runs hold."""
    from vbench_lite.report.terminal import board as table

    table.print_board(board, console(), metrics=metrics)
    if others and board.other_suites:
        names = ", ".join(board.other_suites)
        console().print(f"Other suites in these runs: {names} (--suite NAME)", style="dim", markup=False)


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


def print_scaling(reports: Sequence[ScalingReport]) -> None:
    """Print what sweeps say, one table a sweep."""
    from vbench_lite.report.terminal.scaling import scaling_text

    for report in reports:
        console().print(scaling_text(report))
