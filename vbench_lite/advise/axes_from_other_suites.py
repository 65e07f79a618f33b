"""Axes that another suite of the same generators measured: a use that weighs drift beside quality needs both.

An axis is borrowed only whole: every generator of the board must be in the other suite's board with equal
fingerprint. Speed and memory are never borrowed, since another suite times another request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from vbench_lite.metric import Axis
from vbench_lite.results.arms import Run
from vbench_lite.results.axes import RELATIVE_AXES
from vbench_lite.results.board import Board, BoardRow, build_board
from vbench_lite.store.run_names import in_words
from vbench_lite.store.schema import RunDocument


def axes_from_other_suites(
    board: Board, runs: Sequence[Run], axes: Iterable[Axis]
) -> tuple[Board, list[str]]:
    """The board with axes that its suite lacks, and a note for each.

    Args:
        runs: those of the board first, then others, newest first.
    """
    notes = []
    marks = _marks(board.rows, {run.run_id: run.document() for run in runs})
    for axis in axes:
        if axis in board.suite.axes or axis in RELATIVE_AXES:
            continue
        for run, suite in _measuring(runs, axis):
            other = {row.arm.generator: row for row in build_board([run], suite=suite).rows}
            theirs = _marks(list(other.values()), {run.run_id: run.document()})
            if all(theirs.get(name, None) == mark for name, mark in marks.items()):
                board = replace(
                    board, rows=[_with(row, other[row.arm.generator], axis) for row in board.rows]
                )
                notes.append(f"{axis} is that of suite {suite} in {in_words(run.document())}")
                break
    return board, notes


def _measuring(runs: Sequence[Run], axis: Axis) -> Iterable[tuple[Run, str]]:
    for run in runs:
        for content in run.document().suites:
            if str(axis) in map(str, content.get("axes", {})):
                yield run, str(content["name"])


def _marks(rows: Sequence[BoardRow], documents: Mapping[str, RunDocument]) -> dict[str, str]:
    """Fingerprint of each generator."""
    found = {}
    for row in rows:
        for entry in documents[row.arm.run_id].generators:
            if entry.label == row.arm.generator:
                found[row.arm.generator] = entry.fingerprint
    return found


def _with(row: BoardRow, other: BoardRow, axis: Axis) -> BoardRow:
    ranks = {**row.ranks, axis: other.ranks[axis]} if axis in other.ranks else row.ranks
    return replace(row, axes={**row.axes, axis: other.axes[axis]}, ranks=ranks)
