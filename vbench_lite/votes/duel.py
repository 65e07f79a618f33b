"""The votes between the clips of two generators, of one run or of two: who is preferred, and how surely.

A vote counts if it shows a clip of each for one request, by their hashes; whatever the generators or runs
were called when it was given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vbench_lite.stats.clusters import LEAST
from vbench_lite.stats.delta import Delta
from vbench_lite.votes.ballot import OVERALL, Shown, Vote
from vbench_lite.votes.board import counted, strengths_of
from vbench_lite.votes.clips import Request
from vbench_lite.votes.preference import people_first, voted

_SIDES = ("baseline", "candidate")


@dataclass(frozen=True)
class Duel:
    """What votes say of two.

    Attributes:
        lead: log-odds that the candidate wins a decided vote, with the uncertainty that votes of one voter
            and votes on one prompt share; `lead.n` counts votes, ties included.
        who: how many votes of whom, in words.
    """

    lead: Delta
    who: str

    @property
    def share(self) -> float:
        """Share of decided votes that the candidate wins."""
        return 1 / (1 + math.exp(-self.lead.value))


def duel(
    votes: Sequence[Vote], baseline: Mapping[Request, str], candidate: Mapping[Request, str]
) -> Duel | None:
    """Fit the votes between two; None where there are none.

    Args:
        votes: those that count (`preference.votes_that_count`); models are heard only where no person voted.
        baseline, candidate: sha256 of their clips by prompt and seed.
    """
    between = [
        named for vote in counted(votes, OVERALL) if (named := _named(vote, baseline, candidate)) is not None
    ]
    those = people_first(between)
    if not those:
        return None
    value, se, dof = strengths_of(those, _SIDES).difference(1, 0)
    few = len({vote.voter for vote in those}) < LEAST
    who = voted(those) + ("; the interval holds for these voters only" if few else "")
    return Duel(Delta(value, se, dof, len(those)), who)


def _named(vote: Vote, baseline: Mapping[Request, str], candidate: Mapping[Request, str]) -> Vote | None:
    """The vote with its sides named by their part in the comparison; None if it is not between the two."""
    request = vote.prompt, vote.seed
    pair = baseline.get(request), candidate.get(request)
    shown = vote.left.clip_sha256, vote.right.clip_sha256
    if None in pair or pair[0] == pair[1] or shown not in (pair, pair[::-1]):
        return None
    left, right = _SIDES if shown == pair else _SIDES[::-1]
    return replace(vote, left=Shown(left, shown[0]), right=Shown(right, shown[1]))
