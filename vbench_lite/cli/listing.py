"""`vbench-lite list`: every registered generator, metric, suite and data set, or every stored run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vbench_lite.cli.exit_codes import FINE, SOME_FAILED
from vbench_lite.cli.options import root_and_json
from vbench_lite.cli.output import print_json, print_table, warn

KINDS = ("generators", "metrics", "suites", "datasets", "runs", "extractors", "executors")


@click.command("list")
@click.argument("kind", type=click.Choice(KINDS))
@root_and_json
def command(kind: str, root: Path, as_json: bool) -> int:
    """List generators, metrics, suites, datasets, runs, extractors or executors.

    With --json: {KIND: [{name, ...}], errors: [reason]}. A plug-in that cannot be imported, or a
    damaged run, is listed under errors and the exit code is 3.
    """
    from vbench_lite.cli import describe

    rows: list[dict[str, Any]]
    if kind == "runs":
        rows, errors = describe.all_runs(root)
    else:
        rows, errors = describe.all_plugins(kind)
    if as_json:
        print_json({kind: rows, "errors": errors})
    else:
        columns = describe.COLUMNS[kind]
        print_table(columns, ([_cell(column, row[column]) for column in columns] for row in rows))
        for reason in errors:
            warn(reason)
    return SOME_FAILED if errors else FINE


def _cell(column: str, value: Any) -> str:
    if column == "created":
        return f"{value[:10]} {value[11:16]}"  # of an ISO time in UTC, what a person looks for
    if value is None:
        return "-"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)
