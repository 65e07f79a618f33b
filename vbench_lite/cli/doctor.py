"""`vbench-lite doctor`: is this machine ready, and what to do about each thing that is not."""

from __future__ import annotations

from pathlib import Path

import click

from vbench_lite.cli.exit_codes import FINE, WRONG_USE
from vbench_lite.cli.options import json_option, root_option
from vbench_lite.cli.output import console, print_json

_MARKS = {"ok": ("ok  ", "green"), "note": ("note", "yellow"), "fail": ("FAIL", "bold red")}


@click.command("doctor")
@root_option
@json_option
def command(root: Path, as_json: bool) -> int:
    """Check Python, libraries, video codecs, disk, processor, GPU and plug-ins.

    With --json: {ready, checks[]} with name, status (ok, note, fail), found and fix. A note needs no
    action for the default benchmark. Exit code 2 if a check fails.
    """
    from vbench_lite.cli.checkup import examine

    checks = []
    for check in examine(root):
        checks.append(check)
        if not as_json:
            mark, style = _MARKS[check.status]
            console().print(f"[{style}]{mark}[/] {check.name:<10}", end=" ")
            console().print(check.found, markup=False, soft_wrap=True)
            if check.fix:
                console().print(f"{'':16}-> {check.fix}", markup=False, soft_wrap=True)
    failed = any(check.status == "fail" for check in checks)
    if as_json:
        print_json({"ready": not failed, "checks": checks})
    else:
        click.echo("not ready: mend what is marked FAIL" if failed else "ready: vbench-lite run")
    return WRONG_USE if failed else FINE
