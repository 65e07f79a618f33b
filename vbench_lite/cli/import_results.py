"""`vbench-lite import vbench RESULTS.json`: published or foreign results as a run of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vbench_lite.cli.exit_codes import FINE
from vbench_lite.cli.options import root_and_json
from vbench_lite.cli.output import console, print_json

if TYPE_CHECKING:
    from vbench_lite.store.rundir import RunDir


@click.command("import")
@click.argument("form", type=click.Choice(["vbench"]), metavar="vbench")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULTS.json...")
@click.option("--name", help="What the results are shown under; default: the name of the first file.")
@root_and_json
def command(form: str, files: tuple[Path, ...], name: str | None, root: Path, as_json: bool) -> int:
    """Keep VBench's *_eval_results.json as a run: shown by the leaderboard apart, never ranked with ours.

    Several files, such as one a dimension, make one run. Quality, semantic and total score are computed where
    no dimension that they need is missing. With --json: {run, name, dimensions{id: value}, scores{id: value},
    missing{id: reason}}.
    """
    from vbench_lite.results.vbench_export import import_results

    run = import_results(root, files, name)
    if as_json:
        print_json(summary(run))
    else:
        from vbench_lite.cli.leaderboard import print_board
        from vbench_lite.results.board import build_board

        console().print(f"run {run.run_id}", highlight=False)
        print_board(build_board([run]))
        for metric, reason in summary(run)["missing"].items():
            console().print(f"– {metric}: {reason}", style="dim", highlight=False)
    return FINE


def summary(run: RunDir) -> dict[str, Any]:
    """What an imported run holds, as plain JSON values."""
    from vbench_lite.interop.vbench.dimensions import BY_NAME, QUALITY_SCORE, SEMANTIC_SCORE, TOTAL_SCORE
    from vbench_lite.results.arms import read_arms

    (arm,) = read_arms(run, "vbench")
    ids = [dimension.metric for dimension in BY_NAME.values()]
    values = {metric: e.value for metric, e in arm.estimates.items() if e.value is not None}
    totals = (QUALITY_SCORE, SEMANTIC_SCORE, TOTAL_SCORE)
    return {
        "run": run.run_id,
        "name": arm.generator,
        "dimensions": {metric: values[metric] for metric in ids if metric in values},
        "scores": {metric: values[metric] for metric in totals if metric in values},
        "missing": {metric: arm.estimates[metric].reason for metric in totals if metric not in values},
    }
