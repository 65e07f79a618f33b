"""`vbench-lite report RUN -o FILE`: the main views of a run as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from vbench_lite.cli.exit_codes import FINE
from vbench_lite.cli.options import OutputFile, root_option, stored_run, suite_option


@click.command("report")
@click.argument("run", default="latest", shell_complete=stored_run)
@click.option(
    "-o", "--output", type=OutputFile(),
    help="The file to write; default: RUN_ID.html here.",
)  # fmt: skip
@suite_option("the first of the run")
@root_option
def command(run: str, output: Path | None, suite: str | None, root: Path) -> int:
    """Write a RUN (default: latest) as one HTML file: scores, trade-offs, times, trust and the worst clips.

    The file needs no server, holds no script and asks no host for anything, so it can be mailed or kept.
    """
    from vbench_lite.errors import SpecError
    from vbench_lite.report.html.run import run_report
    from vbench_lite.store.output_file import write_output
    from vbench_lite.store.rundir import resolve_run

    found = resolve_run(root, run)
    if output is not None and not output.parent.is_dir():
        raise SpecError(f"there is no folder {output.parent}; make it first, or give another place with -o")
    target = output if output is not None else Path(f"{found.run_id}.html")
    write_output(target, run_report(found, suite))
    click.echo(target)
    return FINE
