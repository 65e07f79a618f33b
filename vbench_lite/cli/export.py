"""`vbench-lite export RUN`: a run's tables for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vbench_lite.cli.exit_codes import FINE
from vbench_lite.cli.options import root_and_json, stored_run
from vbench_lite.cli.output import answer, print_bytes

if TYPE_CHECKING:
    from vbench_lite.store.rundir import RunDir

TABLES = ("samples", "scores", "measurements")


@click.command("export")
@click.argument("run", metavar="RUN[:GENERATOR]", shell_complete=stored_run)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "parquet", "json", "vbench"]),
    required=True,
    help="What to write.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, allow_dash=True),
    help="A folder (csv, parquet, vbench) or a file (json); - for stdout (json, or csv of one table). "
    "Default: RUN_ID-FORMAT here; stdout for json.",
)  # fmt: skip
@click.option("--table", "tables", multiple=True, type=click.Choice(TABLES), help="Only this table.")
@root_and_json
def command(
    run: str, form: Any, output: Path | None, tables: tuple[str, ...], root: Path, as_json: bool
) -> int:
    """Write the tables of a RUN: its samples, its scores, its timed calls.

    vbench: LABEL_eval_results.json and LABEL_full_info.json of each generator, as VBench's scripts read
    them, with the dimensions that have a value; GENERATOR picks one.

    With --json: {run, files{table: path}} of what was written.
    """
    from vbench_lite.results import export
    from vbench_lite.store.rundir import resolve_run

    name, _, generator = run.partition(":")
    found = resolve_run(root, name)
    if form == "vbench":
        return _vbench(found, output, generator or None, as_json)
    if generator:
        raise click.UsageError(f"RUN:GENERATOR is for --format vbench; export all of {name} and pick there")
    names = tables or TABLES
    to_stdout = output == Path("-") or (output is None and form == "json" and not as_json)
    if to_stdout:
        if as_json:
            raise click.UsageError("--json and -o - both want stdout; give a file with -o")
        if form != "json" and (form != "csv" or len(names) != 1):
            raise click.UsageError("stdout takes json, or csv of one table (--table)")
        pieces = export.json_pieces(found, names) if form == "json" else export.csv_pieces(found, names[0])
        for piece in pieces:
            print_bytes(piece)
        return FINE
    suffix = ".json" if form == "json" else ""
    target = output or Path(f"{found.run_id}-{form}{suffix}")
    files = export.export_files(found, form, target, names)
    return _told(found, files, as_json)


def _vbench(run: RunDir, output: Path | None, generator: str | None, as_json: bool) -> int:
    from vbench_lite.results import vbench_export as vbench_json

    if output == Path("-"):
        raise click.UsageError("vbench goes to a folder; give one with -o")
    files = vbench_json.export_files(run, output or Path(f"{run.run_id}-vbench"), generator)
    return _told(run, files, as_json)


def _told(run: RunDir, files: Mapping[str, Any], as_json: bool) -> int:
    written = "\n".join(map(str, files.values()))
    return answer({"run": run.run_id, "files": files}, written, as_json=as_json)
