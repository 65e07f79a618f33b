"""How many axes of the default suite part the reference generators, and what drifts in eight seconds.

An axis parts two if their rank intervals do not overlap, and tells two apart if one is surely better (all
pairs, Shaffer): of four, one at 1-3 may surely be better than one at 3-4, though both may be third. Quality,
coherence, alignment, diversity and the long range are made anew with each of ten seeds; speed and memory do
not depend on it and are timed once, for which the machine should be idle.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from benchmarks.figure import Figure, summarise
from benchmarks.untimed import SUITE, untimed_suite
from vbench_lite.advise.card import prompts_to_part
from vbench_lite.metric import Axis
from vbench_lite.results.board import Board, BoardRow, build_board
from vbench_lite.run import runner
from vbench_lite.run.plan.spec import parse_spec
from vbench_lite.store.rundir import RunDir

SEEDS = 10
DRIFTS = ("horizon/stage_drift", "horizon/sharpness_drift", "horizon/motion_drift")
NEEDED = 4


def measure(minutes: float = math.inf) -> list[Figure]:
    """Seeds in which an axis parts generators, and in which a drift is surely not zero.

    Args:
        minutes: after which no further seed is begun.
    """
    with tempfile.TemporaryDirectory() as folder:
        return figures(Path(folder), minutes)


def figures(root: Path, minutes: float, seeds: int = SEEDS) -> list[Figure]:
    """The same; runs that are under the root already are not made again."""
    suite = untimed_suite(root / "untimed.yaml", also=("stage-long",))
    boards: list[Board] = []
    began = time.monotonic()
    for seed in range(seeds):
        if boards and time.monotonic() - began > 60 * minutes:
            break
        boards.append(_board(root, {"suites": [str(suite)], "seed": seed}, "quick-untimed"))
        print(f"seed {seed}: {', '.join(told_apart(boards[-1]))}", file=sys.stderr, flush=True)
    timed = _board(root, {"samples": 2, "controls": False}, SUITE)
    of = f"seeds of {len(boards)}"
    rows = []
    for said, found in (("parts two", parted), ("tells two apart", told_apart)):
        once = [axis for axis in found(timed) if axis in _TIMED]
        counts: Counter[str] = Counter(axis for board in boards for axis in found(board))
        enough = sum(len(found(board)) + len(once) >= NEEDED for board in boards)
        rows += [_count(f"each of {NEEDED} axes or more {said}, {of}", enough, "at least 8")]
        rows += [_count(f"{axis} {said}, {of}", counts[axis]) for axis in boards[0].suite.axes]
        rows += [_count(f"{axis} {said}, timed once", int(axis in once)) for axis in _TIMED]
    rows += [_more(axis, boards) for axis in boards[0].suite.axes]
    drifts = Counter(name for board in boards for name in drifting(board))
    return rows + [_count(f"{name} is not zero, {of}", count) for name, count in sorted(drifts.items())]


_TIMED = (Axis.SPEED, Axis.MEMORY)


def parted(board: Board) -> list[Axis]:
    """The axes on which the rank intervals of two generators do not overlap."""
    ranks = {axis: [row.ranks[axis] for row in board.rows if axis in row.ranks] for axis in board.suite.axes}
    return [
        axis
        for axis, found in ranks.items()
        if found and max(low for low, _ in found) > min(high for _, high in found)
    ]


def told_apart(board: Board) -> list[Axis]:
    """The axes on which a generator is surely better than another."""
    return [
        axis for axis in board.suite.axes if any(row.ranks.get(axis, (1, 1))[0] > 1 for row in board.rows)
    ]


def drifting(board: Board) -> list[str]:
    """The drifts whose 95% interval leaves out zero, each with its generator and sign."""
    return [found for row in board.rows for metric in DRIFTS if (found := _drift(row, metric))]


def _drift(row: BoardRow, metric: str) -> str:
    estimate = row.arm.estimates[metric]
    if estimate.low is None or estimate.high is None or estimate.low <= 0 <= estimate.high:
        return ""
    return f"{metric} of {row.arm.generator} {'above' if estimate.low > 0 else 'below'} 0"


def _board(root: Path, spec: dict[str, object], suite: str) -> Board:
    outcome = runner.run(parse_spec(spec, "benchmark"), root)
    return build_board([RunDir(root, outcome.run_id)], suite=suite)


def _more(axis: Axis, boards: Sequence[Board]) -> Figure:
    """Prompts more that would part the pair that is nearest to it, over the seeds that part none."""
    counts = []
    for board in (board for board in boards if axis not in told_apart(board)):
        needed = [prompts_to_part(one, other, axis, board.rows) for one, other in combinations(board.rows, 2)]
        counts.append(float(min((count for count in needed if count is not None), default=math.inf)))
    return summarise(f"{axis}: more prompts that would tell two apart, where none are", counts or [0.0], "")


def _count(what: str, count: int, target: str = "") -> Figure:
    return Figure(what, count, count, count, "", target)
