"""`vbench-lite doctor`: is this machine ready, and what to do about each thing that is not."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vbench_lite.cli.exit_codes import FINE, WRONG_USE
from vbench_lite.cli.options import root_and_json
from vbench_lite.cli.output import answer, console

if TYPE_CHECKING:
    from vbench_lite.cli.checkup import Check

_INDENT = " " * 16
_MARKS = {"ok": ("ok  ", "green"), "note": ("note", "yellow"), "fail": ("FAIL", "bold red")}


@click.command("doctor")
@root_and_json
def command(root: Path, as_json: bool) -> int:
    """Check Python, libraries, video codecs, disk, processor, GPU, plug-ins and how steady its clock is.

    With --json: {ready, checks[]} with name, status (ok, note, fail), found and fix. A note needs no
    action for the default benchmark. Exit code 2 if a check fails.
    """
    from vbench_lite.cli.checkup import examine
    from vbench_lite.cli.steady_checks import around

    checks = []
    for check in around(examine(root)):
        checks.append(check)
        if not as_json:
            _print(check)
    failed = any(check.status == "fail" for check in checks)
    told = "not ready: mend what is marked FAIL" if failed else "ready: vbench-lite run"
    answer({"ready": not failed, "checks": checks}, told, as_json=as_json)
    return WRONG_USE if failed else FINE


def _print(check: Check) -> None:
    """A mark, a name and what was found; below it what to do. A command or a path is never broken."""
    from rich.text import Text

    out = console()
    mark, style = _MARKS[check.status]

    def wrapped(text: str, first: str) -> list[str]:
        return textwrap.wrap(
            text, out.width, initial_indent=first, subsequent_indent=_INDENT,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip

    found, *others = wrapped(check.found, f"{mark} {check.name:<10} ")
    out.print(Text.assemble((found[: len(mark)], style), found[len(mark) :]), soft_wrap=True)
    for line in others + (wrapped(check.fix, f"{_INDENT}-> ") if check.fix else []):
        out.print(Text(line), soft_wrap=True)
