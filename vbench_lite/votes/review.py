"""What votes say of a run's clips, an axis at a time: the one reading behind every face of votes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbench_lite.stats.clusters import MeanOverClusters
from vbench_lite.store.rundir import RunDir
from vbench_lite.votes import agreement
from vbench_lite.votes.agreement import Agreement
from vbench_lite.votes.ballot import OVERALL, Vote, read_votes
from vbench_lite.votes.board import UnconnectedError, VoteBoard, counted, vote_board
from vbench_lite.votes.clips import RunClips, run_clips
from vbench_lite.votes.judge_trust import JudgeTrust, judges_beside_people
from vbench_lite.votes.preference import people_first, voted_on, votes_that_count


@dataclass(frozen=True)
class AxisVotes:
    """What votes on one axis say.

    Attributes:
        board: None where votes do not connect the generators; `refusal` names the pairs that would.
        agreements: metrics of the run beside the votes, best first; none where votes are of no one run.
        ceiling: how often two people agree; None if no two saw one pair.
    """

    axis: str
    board: VoteBoard | None
    refusal: str
    agreements: tuple[Agreement, ...]
    ceiling: MeanOverClusters | None
    judges: tuple[JudgeTrust, ...]

    @property
    def sentence(self) -> str:
        """Which metrics to trust, in words."""
        return agreement.sentence(self.agreements, self.ceiling)

    def agreement_dicts(self) -> list[dict[str, Any]]:
        """Plain JSON values of the agreements."""
        return [one.as_dict(self.ceiling) for one in self.agreements]


def review(root: Path, axis: str, clips: RunClips | None = None, *, without: Sequence[str] = ()) -> AxisVotes:
    """Read the votes on one axis.

    Args:
        clips: of the run that votes must be about; None: every vote under the root counts.
        without: voters to leave out.

    Raises:
        StoreError: no vote on this axis, or a damaged journal.
    """
    votes, left_out = votes_that_count(root, axis, clips, without)
    return _said(axis, votes, left_out, clips)


def votes_on(
    run: RunDir, suite: str | None = None, metrics: Collection[str] | None = None
) -> list[AxisVotes]:
    """Every axis on which there are votes on clips of a run, the overall one first.

    Args:
        metrics: to hold against votes; None: every metric of the run.

    Raises:
        StoreError: a journal or the run is damaged.
    """
    every = read_votes(run.root)
    if not voted_on(run, every):
        return []
    clips = run_clips(run, suite)
    found = []
    for axis in sorted({vote.axis for vote in every}, key=lambda axis: (axis != OVERALL, axis)):
        mine = [vote for vote in every if vote.axis == axis]
        votes, left_out = votes_that_count(run.root, axis, clips, votes=mine)
        if counted(votes, axis):
            found.append(_said(axis, votes, left_out, clips, metrics))
    return found


def _said(
    axis: str,
    votes: Sequence[Vote],
    left_out: Mapping[str, int],
    clips: RunClips | None,
    metrics: Collection[str] | None = None,
) -> AxisVotes:
    """What the votes that count say; raises StoreError where there is none on the axis.

    The strengths are of people where a person voted; how far judges agree with them is said beside.
    """
    board, refusal = None, ""
    those = counted(votes, axis)
    people = people_first(those)
    if len(people) < len(those):
        left_out = {**left_out, "of judges, since people voted": len(those) - len(people)}
    judges = {vote.voter for vote in those} - {vote.voter for vote in people}
    try:
        board = vote_board([vote for vote in votes if vote.voter not in judges], axis, left_out)
    except UnconnectedError as error:
        refusal = str(error)
    found = agreement.agreements(votes, axis, clips) if clips is not None else []
    return AxisVotes(
        axis,
        board,
        refusal,
        tuple(one for one in found if metrics is None or one.metric in metrics),
        agreement.ceiling(votes, axis),
        tuple(judges_beside_people(votes, axis)),
    )
