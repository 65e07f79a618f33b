"""`python -m benchmarks [NAME...]`: run all benchmarks, or some, and renew their sections of the page.

A section is written as soon as its benchmark is done, and says when and where it was measured: benchmarks
take minutes each, and one that is stopped costs only itself.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import os
import platform
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks.figure import Figure

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
NOT_BENCHMARKS = {
    "__init__",
    "__main__",
    "busy",
    "figure",
    "hungry",
    "scripted_worker",
    "stored_rows",
    "untimed",
}
HEAD = """# Benchmarks of the harness itself

Written by `make bench`. Each table holds the median of repeated measurements, with the least and
the greatest.
"""


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all; `--minutes N` is for those that take a length."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--minutes", type=float)
    given = parser.parse_args(arguments)
    names: list[str] = given.names
    known = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NOT_BENCHMARKS)
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(f"no benchmark is named {unknown[0]}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    # One thread, as a worker has: products of some hundred rows spend most of their time waiting for others.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # An installed package has its bytecode; where none may be written, each command would compile it again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for name in names or known:
        print(f"{name} ...", file=sys.stderr, flush=True)
        module = importlib.import_module(f"benchmarks.{name}")
        takes = "minutes" in inspect.signature(module.measure).parameters
        figures = module.measure(given.minutes) if takes and given.minutes is not None else module.measure()
        text = section(name, module.__doc__ or name, figures)
        print(text, flush=True)
        before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else HEAD
        PAGE.write_text(renewed(before, name, text, known), encoding="utf-8")
    return 0


def section(name: str, doc: str, figures: Sequence[Figure]) -> str:
    """The Markdown section of one benchmark, from its heading to the line that says how to repeat it."""
    title = doc.strip().splitlines()[0].rstrip(".")
    rows = [
        f"| {f.what} | {f.value:.3g} {f.unit} | {f.low:.3g} to {f.high:.3g} | {f.target or '-'} |"
        for f in figures
    ]
    table = ["| what | median | least to greatest | held to |", "|---|---|---|---|", *rows]
    how = f"`python -m benchmarks {name}`, {datetime.now(UTC):%Y-%m-%d}: {_machine()}."
    return "\n".join([f"## {title}", "", *table, "", how]) + "\n"


def renewed(page: str, name: str, text: str, known: Sequence[str]) -> str:
    """The page with one section in place of its older form; those of benchmarks that are gone leave."""
    sections = {name: text}
    for old in re.split(r"^(?=## )", page, flags=re.MULTILINE)[1:]:
        owner = re.search(r"^`python -m benchmarks (\w+)`", old, flags=re.MULTILINE)
        if owner is not None and owner[1] in known:
            sections.setdefault(owner[1], old.strip() + "\n")
    return "\n".join([HEAD, *(sections[key] for key in sorted(sections))])


def _machine() -> str:
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("vbench-lite", "torch"))
    system = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    if hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) != os.SCHED_OTHER:  # as after chrt
        system += f", ahead of other processes (load {os.getloadavg()[0]:.1f})"
    return f"{system}, Python {platform.python_version()}, {versions}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
