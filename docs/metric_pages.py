"""The pages in docs/metrics, one for each metric, written from the code: `python docs/metric_pages.py`.

With `--check` nothing is written: stale, missing and left-over pages are named, and the exit code is 1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from vbench_lite.format import ARROWS
from vbench_lite.metric import Axis
from vbench_lite.report.charts.style import AXES
from vbench_lite.report.metric_page import MetricPage, cell, file_name, pages

FOLDER = Path(__file__).parent / "metrics"
INDEX = "README.md"


def contents() -> dict[str, str]:
    """Text of every page by file name, the index among them."""
    listed = pages()
    return {INDEX: index_markdown(listed)} | {file_name(one.info.id): one.markdown() for one in listed}


def index_markdown(listed: Iterable[MetricPage]) -> str:
    """An index of pages by axis, as Markdown."""
    parts = [
        "# Metrics",
        "One page for each: meaning, formula, preprocessing, traps, source. `vbench-lite show ID` prints the "
        "same. The pages are written by `python docs/metric_pages.py` from the classes themselves.",
    ]
    by_axis: dict[Axis, list[MetricPage]] = {}
    for one in listed:
        by_axis.setdefault(one.info.axis, []).append(one)
    for axis in Axis:
        if axis not in by_axis:
            continue
        parts += [f"## {axis.capitalize()}", AXES[axis]]
        rows = [
            f"| [{one.info.id}]({file_name(one.info.id)}) | {ARROWS[one.info.higher_is_better].strip()} | "
            f"{cell(one.info.unit)} | {cell(one.info.summary)} |"
            for one in by_axis[axis]
        ]
        parts.append("\n".join(["| metric | | unit | meaning |", "|---|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def stale(folder: Path) -> list[str]:
    """Files that are not as the code would write them, or that no metric stands behind."""
    wanted = contents()
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def write(folder: Path) -> None:
    """Write every page, and remove those of metrics that are gone."""
    folder.mkdir(exist_ok=True)
    wanted = contents()
    for path in folder.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        old = stale(FOLDER)
        sys.stdout.writelines(f"{name} is stale; run: python docs/metric_pages.py\n" for name in old)
        sys.exit(1 if old else 0)
    write(FOLDER)
