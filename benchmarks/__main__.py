"""`python -m benchmarks [NAME...]`: run the benchmarks and write docs/benchmarks.md."""

from __future__ import annotations

import importlib
import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks.figure import Figure

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
NOT_BENCHMARKS = {"__init__", "__main__", "figure"}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; the page is written only when all ran."""
    known = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NOT_BENCHMARKS)
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(f"no benchmark is named {unknown[0]}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    found: dict[str, list[Figure]] = {}
    for name in names or known:
        print(f"{name} ...", file=sys.stderr, flush=True)
        found[name] = importlib.import_module(f"benchmarks.{name}").measure()
    text = page(found)
    print(text)
    if not names:
        PAGE.write_text(text, encoding="utf-8")
    return 0


def page(found: dict[str, list[Figure]]) -> str:
    """The Markdown page of all figures."""
    lines = [
        "# Benchmarks of the harness itself",
        "",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {_machine()}.",
        "The median of repeated measurements, with the least and the greatest.",
    ]
    for name, figures in found.items():
        doc = (importlib.import_module(f"benchmarks.{name}").__doc__ or name).strip().splitlines()[0]
        lines += [
            "",
            f"## {doc.rstrip('.')}",
            "",
            "| what | median | least to greatest | held to |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {f.what} | {f.value:.3g} {f.unit} | {f.low:.3g} to {f.high:.3g} | {f.target or '-'} |"
            for f in figures
        ]
        lines += ["", f"`python -m benchmarks {name}`"]
    return "\n".join(lines) + "\n"


def _machine() -> str:
    import os

    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("vbench-lite", "torch", "click"))
    system = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    return f"{system}, Python {platform.python_version()}, {versions}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
