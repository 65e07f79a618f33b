"""`vbench-lite baseline set|list`: lasting names for runs, used wherever a run is asked for."""

from __future__ import annotations

from pathlib import Path

import click

from vbench_lite.cli.exit_codes import FINE
from vbench_lite.cli.options import baseline_name, root_and_json, stored_run
from vbench_lite.cli.output import answer, print_json, print_table


@click.group("baseline")
def command() -> None:
    """Give a run a lasting name, or list the names."""


@command.command("set")
@click.argument("name", shell_complete=baseline_name)
@click.argument("run", default="latest", shell_complete=stored_run)
@root_and_json
def set_name(name: str, run: str, root: Path, as_json: bool) -> int:
    """Let NAME stand for RUN (default: the latest). A later `set` moves the name.

    With --json: {name, run}.
    """
    from vbench_lite.store import run_names
    from vbench_lite.store.rundir import resolve_run, set_baseline

    found = resolve_run(root, run)
    set_baseline(root, name, found.run_id)
    told = f"{name} is now {run_names.title(found.document())}"
    return answer({"name": name, "run": found.run_id}, told, as_json=as_json)


@command.command("list")
@root_and_json
def list_names(root: Path, as_json: bool) -> int:
    """List the names and their runs.

    With --json: {baselines: [{name, run}]}.
    """
    from vbench_lite.store import run_names
    from vbench_lite.store.rundir import baselines, read_runs

    found = baselines(root)
    if as_json:
        print_json({"baselines": [{"name": name, "run": run} for name, run in found.items()]})
    else:
        titles = {one.run_id: run_names.title(one) for one in read_runs(root)[0]}
        rows = ((name, titles.get(run, "not there, or damaged"), run) for name, run in found.items())
        print_table(("name", "run", "id"), rows)
    return FINE
