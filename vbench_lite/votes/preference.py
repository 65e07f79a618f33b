"""Votes as an axis of the leaderboard: how often a generator wins against the average one of those shown."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vbench_lite.errors import StoreError
from vbench_lite.format import listed, plural
from vbench_lite.metric import Axis
from vbench_lite.results.axes import AxisScore
from vbench_lite.results.board import Board, BoardRow
from vbench_lite.results.catalogue import MetricFacts
from vbench_lite.results.estimates import MetricEstimate, nothing
from vbench_lite.store import run_names
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import Level
from vbench_lite.suite import Suite
from vbench_lite.suite_axes import AxisSpec
from vbench_lite.votes.ballot import MODEL, OVERALL, Vote, read_votes

if TYPE_CHECKING:
    from vbench_lite.votes.board import VoteBoard
    from vbench_lite.votes.clips import RunClips

METRIC = "preference/win_share"
_FACTS = MetricFacts(
    METRIC, "", True, (0.0, 1.0), Axis.PREFERENCE,
    "Share of decided votes that it would win against the average generator shown.", True,
)  # fmt: skip


def votes_that_count(
    root: Path,
    axis: str,
    clips: RunClips | None = None,
    without: Sequence[str] = (),
    votes: Sequence[Vote] | None = None,
) -> tuple[list[Vote], dict[str, int]]:
    """Votes under a root that count for one axis, and how many others do not, by reason.

    Args:
        clips: of the run that they must be about; None: of any.
        without: voters to leave out.
        votes: those under the root, where they were read already.

    Raises:
        StoreError: a journal is damaged, or a voter to leave out never voted.
    """
    from vbench_lite.votes.clips import of_run
    from vbench_lite.votes.judge_results import refused

    votes, left_out = read_votes(root) if votes is None else list(votes), dict[str, int]()
    voters = {vote.voter for vote in votes}
    for name in without:
        if voters and name not in voters:
            raise StoreError(f"{name!r} cast no vote under {root}; voters there: {listed(sorted(voters))}")
    if clips is not None:
        votes, left_out = of_run(votes, clips)
    out = {name: f"voter {name} left out" for name in without}
    out |= {name: f"judge {name}: {reason}" for name, reason in refused(root, votes, axis).items()}
    for name, why in out.items():
        left_out[why] = sum(vote.voter == name for vote in votes)
    return [vote for vote in votes if vote.voter not in out], left_out


def with_preference(board: Board, runs: Sequence[RunDir]) -> Board:
    """The board with the axis `preference`, where people, or without any judges, voted on its rows' clips.

    Votes compare clips of one run, so they rank within that run; with votes on several runs there are scores
    and no ranks.

    Args:
        runs: those of the board.
    """
    found: dict[str, VoteBoard] = {}
    notes = []
    shown = {row.arm.run_id for row in board.rows}
    every: dict[Path, list[Vote]] = {}  # by root: its journals are read once, whatever the number of runs
    for run in runs:
        try:
            if run.root not in every:
                every[run.root] = read_votes(run.root)
            if run.run_id not in shown or not voted_on(run, every[run.root]):
                continue
            from vbench_lite.votes.board import counted, vote_board  # most leaderboards have no votes
            from vbench_lite.votes.clips import run_clips

            clips = run_clips(run, board.suite.name)
            votes, _ = votes_that_count(run.root, OVERALL, clips, votes=every[run.root])
            those = people_first(counted(votes, OVERALL))
            if those:
                found[run.run_id] = vote_board(those, OVERALL)
                notes.append(f"preference: {voted(those)} on clips of {run_names.title(run.document())}")
        except StoreError as error:
            every.setdefault(run.root, [])
            notes.append(f"preference is not ranked: {error}")
    if not found:
        return replace(board, notes=[*board.notes, *notes])
    if len(found) > 1:
        notes.append("preference is not ranked: votes compare clips of one run, and several have votes")
    rows, controls, imported = (
        [_row(row, found, ranked=len(found) == 1) for row in some]
        for some in (board.rows, board.controls, board.imported)
    )
    suite = _with_axis(board.suite)
    return replace(
        board, suite=suite, rows=rows, controls=controls, imported=imported, notes=[*board.notes, *notes]
    )


def _with_axis(suite: Suite) -> Suite:
    """The suite with an axis of votes."""
    axes = {**suite.axes, Axis.PREFERENCE: AxisSpec(metrics={METRIC: 1.0})}
    return suite.model_copy(update={"metrics": (*suite.metrics, METRIC), "axes": axes})


def voted_on(run: RunDir, votes: Sequence[Vote]) -> bool:
    """Whether a vote names a generator of the run, so that its clips are worth looking up."""
    if not votes:
        return False
    labels = {entry.label for entry in run.document().generators}
    return any(not labels.isdisjoint(vote.pair) for vote in votes)


def people_first(votes: Sequence[Vote]) -> list[Vote]:
    """The votes of people; those of models only where no person voted."""
    return [vote for vote in votes if vote.kind != MODEL] or list(votes)


def voted(votes: Sequence[Vote]) -> str:
    """How many votes of whom, in words."""
    voters = Counter(vote.voter for vote in votes)
    kind = "judge" if votes[0].kind == MODEL else "voter"
    named = ", ".join(name for name, _ in voters.most_common(3)) + (" ..." if len(voters) > 3 else "")
    return f"{plural(len(votes), 'vote')} of {plural(len(voters), kind)} ({named})"


def _row(row: BoardRow, found: Mapping[str, VoteBoard], *, ranked: bool) -> BoardRow:
    votes = found.get(row.arm.run_id)
    mine = next((one for one in votes.rows if one.generator == row.arm.generator), None) if votes else None
    if mine is None:
        reason = f"no votes on its clips; collect them with: vbench-lite vote {row.arm.run_id}"
        if row.arm.control is not None:
            reason = "controls are shown to check attention, and not ranked"
        score, estimate = AxisScore(None, reason=reason), nothing(METRIC, Level.SET, _FACTS, reason)
    else:
        value, low, high = (_share(end) for end in (mine.strength, *mine.ci))
        score = AxisScore(value, low, high, mine.votes, spare=(value - low, high - value))
        estimate = MetricEstimate(METRIC, Level.SET, _FACTS, value, low, high, mine.votes)
    ranks = dict(row.ranks) | ({Axis.PREFERENCE: mine.rank} if mine is not None and ranked else {})
    arm = replace(row.arm, estimates={**row.arm.estimates, METRIC: estimate})
    axes = {**row.axes, Axis.PREFERENCE: score}
    return replace(row, arm=arm, suite=_with_axis(row.suite), axes=axes, ranks=ranks)


def _share(strength: float) -> float:
    """Log-odds against the average generator as a share of votes."""
    return 1 / (1 + math.exp(-strength))
