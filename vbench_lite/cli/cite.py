"""`vbench-lite cite RUN`: one line that says how its numbers were made, to stand beside them."""

from __future__ import annotations

from pathlib import Path

import click

from vbench_lite.cli.options import root_and_json, stored_run, suite_option
from vbench_lite.cli.output import answer


@click.command("cite")
@click.argument("run", default="latest", shell_complete=stored_run)
@suite_option("the first of the run")
@root_and_json
def command(run: str, suite: str | None, root: Path, as_json: bool) -> int:
    """Print the line that names protocol, prompts, seed, size, scale, generators, device and version of RUN.

    `vbench-lite compare LINE LINE` says whether numbers under two such lines may be compared. With --json:
    {run, cite}.
    """
    from vbench_lite.results.signature import signature
    from vbench_lite.store.rundir import resolve_run

    found = resolve_run(root, run)
    line = signature(found.document(), suite)
    return answer({"run": found.run_id, "cite": line}, line, as_json=as_json)
