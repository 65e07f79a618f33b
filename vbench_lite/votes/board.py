"""Votes to a board: strengths with intervals, ranks, ties, the effect of the side, and who voted how
reliably.

"Both bad" is no preference and counts as a tie in the strengths; it is shown apart. Attention checks and
skips count for no strength. Intervals are clustered over voters and prompts (`stats.clusters`).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from vbench_lite.errors import StoreError
from vbench_lite.grouping import grouped
from vbench_lite.results.arms import CEILING, control_of
from vbench_lite.stats.bradley_terry import LEFT, RIGHT, TIE, Outcome, Strengths, components, fit
from vbench_lite.stats.clusters import LEAST
from vbench_lite.stats.delta import Delta
from vbench_lite.stats.krippendorff import alpha
from vbench_lite.stats.power import units_to_tell
from vbench_lite.stats.ranks import Difference, rank_intervals
from vbench_lite.stats.student import quantile
from vbench_lite.votes.ballot import Answer, Check, Vote

MARGIN = 0.2  # log-odds: two generators within it win .45 to .55 of their decided votes
_RESULTS = {Answer.LEFT: LEFT, Answer.RIGHT: RIGHT, Answer.TIE: TIE, Answer.BOTH_BAD: TIE}
Interval = tuple[float, float]


class UnconnectedError(StoreError):
    """Votes that do not connect the generators have no common scale; the message names pairs that would."""


@dataclass(frozen=True)
class VoteRow:
    """One generator. strength: log-odds around the mean, with a 95% interval; rank: (best, worst)."""

    generator: str
    strength: float
    ci: Interval
    rank: tuple[int, int]
    votes: int
    won: int
    tied: int
    lost: int


@dataclass(frozen=True)
class PairState:
    """Two generators: strength of the first minus that of the second, and what more votes would bring.

    decision: "separated", "equivalent" (the 95% interval lies within the margin) or "open".
    more: votes that would settle it either way with 80% chance if the lead is as it seems; None if not open.
    """

    first: str
    second: str
    lead: float
    ci: Interval
    votes: int
    decision: str
    more: int | None


@dataclass(frozen=True)
class Voter:
    """One voter: votes that count, attention checks passed and failed, share of answers for the left side."""

    name: str
    kind: str
    votes: int
    passed: int
    failed: int
    left_share: float | None

    @property
    def unreliable(self) -> bool:
        """Whether half of the checks or more were failed, two at least."""
        return self.failed >= 2 and self.failed >= self.passed


@dataclass(frozen=True)
class VoteBoard:
    """What votes say on one axis.

    Attributes:
        wins: (winner, loser) to votes. ties, both_bad: shares of all votes that count.
        order_effect: log-odds for the left side and its 95% interval; None where sides are unknown, or no
        pair was shown both ways round: then there is taken to be none.
        alpha: Krippendorff's, of voters on the same pair of clips, either of which chance prefers equally
        often; None where no pair has two voters.
        left_out: votes that do not count, by reason.
        few_voters: whether intervals hold for these voters only, because they are too few to stand for
        others.
    """

    axis: str
    rows: tuple[VoteRow, ...]
    pairs: tuple[PairState, ...]
    wins: Mapping[tuple[str, str], int]
    ties: float
    both_bad: float
    order_effect: tuple[float, Interval] | None
    voters: tuple[Voter, ...]
    alpha: float | None
    left_out: Mapping[str, int] = field(default_factory=dict)
    few_voters: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        effect = self.order_effect
        return vars(self) | {
            "rows": [vars(row) | {"ci": list(row.ci), "rank": list(row.rank)} for row in self.rows],
            "pairs": [vars(pair) | {"ci": list(pair.ci)} for pair in self.pairs],
            "wins": [{"winner": w, "loser": lost, "votes": n} for (w, lost), n in self.wins.items()],
            "order_effect": None if effect is None else {"value": effect[0], "ci": list(effect[1])},
            "voters": [vars(voter) | {"unreliable": voter.unreliable} for voter in self.voters],
            "left_out": dict(self.left_out),
        }


def counted(votes: Sequence[Vote], axis: str) -> list[Vote]:
    """Votes on one axis that are judgements: no skip, no attention check."""
    return [v for v in votes if v.axis == axis and v.answer != Answer.SKIP and v.check is None]


def vote_board(votes: Sequence[Vote], axis: str, left_out: Mapping[str, int] | None = None) -> VoteBoard:
    """Make the board of one axis.

    Args:
        votes: of any axis; those of others are not read.
        left_out: votes that were left out before, by reason.

    Raises:
        StoreError: no vote on this axis.
        UnconnectedError: votes that do not connect the generators.
    """
    those = counted(votes, axis)
    if not those:
        others = sorted({vote.axis for vote in votes})
        told = "".join(f"; {count} left out: {reason}" for reason, count in (left_out or {}).items() if count)
        raise StoreError(f"no vote on {axis!r}; there are votes on: {', '.join(others) or 'nothing'}{told}")
    names = sorted({name for vote in those for name in vote.pair})
    outcomes = outcomes_of(those, names)
    groups = components(outcomes, len(names))
    if len(groups) > 1:
        heads = [names[group[0]] for group in groups]
        missing = ", ".join(f"{heads[0]} against {other}" for other in heads[1:])
        raise UnconnectedError(
            f"votes on {axis!r} fall into {len(groups)} groups of generators that were never compared; "
            f"votes on these pairs would connect them: {missing}"
        )
    model = strengths_of(those, names)
    pairs = tuple(_pair_state(model, names, those, i, j) for i, j in combinations(range(len(names)), 2))
    effect = model.order_effect()
    counts = Counter(vote.answer for vote in those)
    wins = Counter(
        (winner, next(n for n in vote.pair if n != winner)) for vote in those if (winner := vote.winner())
    )
    return VoteBoard(
        axis=axis,
        rows=_rows(model, names, those),
        pairs=pairs,
        wins=dict(sorted(wins.items())),
        ties=counts[Answer.TIE] / len(those),
        both_bad=counts[Answer.BOTH_BAD] / len(those),
        order_effect=None if effect is None else (effect[0], _around(*effect)),
        voters=_voters([vote for vote in votes if vote.axis == axis]),
        alpha=_alpha(units(those)),
        left_out=left_out or {},
        few_voters=len({vote.voter for vote in those}) < LEAST,
    )


def units(votes: Sequence[Vote]) -> dict[tuple[str, int, tuple[str, str]], dict[str, str]]:
    """What each voter said of each pair of clips: the preferred generator, or the answer."""
    found: dict[tuple[str, int, tuple[str, str]], dict[str, str]] = defaultdict(dict)
    for vote in votes:
        found[vote.about][vote.voter] = vote.winner() or vote.answer
    return dict(found)


def _alpha(said: Mapping[tuple[str, int, tuple[str, str]], Mapping[str, str]]) -> float | None:
    """Agreement beyond chance: each pair counts with its names both ways round, so that random answers come
    to 0 whatever the number of generators and their names.
    """
    both_ways = [
        {voter: names.get(answer, answer) for voter, answer in answers.items()}
        for (_, _, pair), answers in said.items()
        for names in ({name: str(place) for place, name in enumerate(way)} for way in (pair, pair[::-1]))
    ]
    return alpha(both_ways)


def strengths_of(votes: Sequence[Vote], names: Sequence[str]) -> Strengths:
    """Strengths of generators, in the order of their names; votes must connect them.

    A side term is fitted where a pair was shown both ways round: else a side is told from no strength.
    """
    orders = {(vote.left.generator, vote.right.generator) for vote in votes if vote.sided}
    swapped = any((right, left) in orders for left, right in orders)
    return fit(outcomes_of(votes, names), len(names), side=swapped)


def outcomes_of(votes: Sequence[Vote], names: Sequence[str]) -> list[Outcome]:
    """Votes as the model takes them; "both bad" is a tie."""
    place = {name: number for number, name in enumerate(names)}
    return [
        Outcome(
            place[v.left.generator],
            place[v.right.generator],
            _RESULTS[Answer(v.answer)],
            v.sided,
            v.voter,
            v.prompt,
        )
        for v in votes
    ]


def _around(value: float, se: float, dof: float) -> Interval:
    half = quantile(0.975, dof) * se
    return value - half, value + half


def _rows(model: Strengths, names: Sequence[str], votes: Sequence[Vote]) -> tuple[VoteRow, ...]:
    differences = {
        (names[i], names[j]): Difference(*model.difference(i, j))
        for i, j in combinations(range(len(names)), 2)
    }
    ranks = rank_intervals(names, differences)
    rows = []
    for number, name in enumerate(names):
        mine = [vote for vote in votes if name in vote.pair]
        won = sum(vote.winner() == name for vote in mine)
        tied = sum(vote.winner() is None for vote in mine)
        value, se, dof = model.strength(number)
        rows.append(
            VoteRow(
                name,
                value,
                _around(value, se, dof),
                ranks[name],
                len(mine),
                won,
                tied,
                len(mine) - won - tied,
            )
        )
    return tuple(sorted(rows, key=lambda row: -row.strength))


def _pair_state(model: Strengths, names: Sequence[str], votes: Sequence[Vote], i: int, j: int) -> PairState:
    lead, se, dof = model.difference(i, j)
    low, high = _around(lead, se, dof)
    count = sum(vote.pair == (names[i], names[j]) for vote in votes)
    more = None
    if low > 0 or high < 0:
        decision = "separated"
    elif low > -MARGIN and high < MARGIN:
        decision = "equivalent"
    else:
        decision = "open"
        # Either way of settling it counts; equivalent is what neither end of the interval may leave.
        ways = [(abs(lead), 0.8), (MARGIN - abs(lead), 0.9)]
        seen = Delta(lead, se, dof, len(votes))
        wanted = min(filter(None, (units_to_tell(seen, far, power=power) for far, power in ways)))
        share = max(count, 1) / len(votes)
        more = max(1, math.ceil((wanted - len(votes)) * max(share, 1 / max(1, len(names) - 1))))
    return PairState(names[i], names[j], lead, (low, high), count, decision, more)


def _voters(votes: Sequence[Vote]) -> tuple[Voter, ...]:
    by_name = grouped((vote.voter, vote) for vote in votes)
    found = []
    for name, those in sorted(by_name.items()):
        told = [passed for vote in those if (passed := check_passed(vote, those)) is not None]
        decided = [v for v in those if v.sided and v.check is None and v.winner() is not None]
        left = sum(vote.answer == Answer.LEFT for vote in decided)
        found.append(
            Voter(
                name=name,
                kind=those[0].kind,
                votes=sum(v.check is None and v.answer != Answer.SKIP for v in those),
                passed=sum(told),
                failed=len(told) - sum(told),
                left_share=left / len(decided) if decided else None,
            )
        )
    return tuple(found)


def check_passed(vote: Vote, votes: Sequence[Vote]) -> bool | None:
    """Whether an attention check was passed; None if the vote is none, or was skipped.

    Args:
        votes: all of the same voter, where the first answer to a swapped pair is looked up.
    """
    if vote.check is None or vote.answer == Answer.SKIP:
        return None
    if vote.check == Check.CONTROL:
        return control_of(vote.winner() or "", None) == CEILING
    if vote.check == Check.SAME:
        return vote.answer in (Answer.TIE, Answer.BOTH_BAD)
    same = [v for v in votes if v.check is None and v.about == vote.about]
    if not same or same[0].answer == Answer.SKIP:
        return None
    return same[0].winner() == vote.winner()
