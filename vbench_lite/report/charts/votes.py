"""A board of votes and the agreement of metrics with it as tables, for every face; computes no statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from vbench_lite.format import NONE, percent, place_text, rank_text
from vbench_lite.stats.clusters import MeanOverClusters
from vbench_lite.votes.agreement import Agreement
from vbench_lite.votes.board import VoteBoard
from vbench_lite.votes.words import checks_text, log_odds, pair_text

STRENGTH = "log-odds (95%)"
AROUND = "log-odds around the mean"  # what `strengths` are
READING = (
    "Strengths are log-odds around the mean of all, with 95% intervals over voters and prompts: a lead of "
    "0.2 is 55% of decided votes, 1.1 is 75%. Generators that votes cannot tell apart share a rank."
)


def share(found: MeanOverClusters) -> str:
    """A share with its interval, where it has one: `62% (51% to 73%)`."""
    if found.low is None or found.high is None:
        return percent(found.value)
    return f"{percent(found.value)} ({percent(found.low)} to {percent(found.high)})"


def standing(board: VoteBoard) -> pd.DataFrame:
    """One row a generator, the most preferred first."""
    rows = [
        (
            row.generator,
            log_odds(row.strength, row.ci),
            place_text(row.rank),
            row.votes,
            row.won,
            row.tied,
            row.lost,
        )
        for row in board.rows
    ]
    return pd.DataFrame(rows, columns=["generator", STRENGTH, "rank", "votes", "won", "tied", "lost"])


def strengths(board: VoteBoard, families: Mapping[str, str]) -> pd.DataFrame:
    """Strengths with their intervals, and the interval of each rank, as `charts.intervals` draws them.

    Args:
        families: of generators.
    """
    rows = [
        (
            row.generator,
            families.get(row.generator, "unknown"),
            row.strength,
            *row.ci,
            f"{row.strength:+.2f}, {rank_text(row.rank)}",
        )
        for row in board.rows
    ]
    return pd.DataFrame(rows, columns=["generator", "family", "value", "low", "high", "told"])


def wins(board: VoteBoard) -> pd.DataFrame:
    """Decided votes that the generator of a row won against that of a column."""
    names = [row.generator for row in board.rows]
    rows = [
        (one, *(NONE if one == other else str(board.wins.get((one, other), 0)) for other in names))
        for one in names
    ]
    return pd.DataFrame(rows, columns=["won by", *(f"over {name}" for name in names)])


def pairs(board: VoteBoard) -> pd.DataFrame:
    """One row a pair: what votes say of the two, more votes needed, and the lead of the one named first."""
    rows = []
    for one in board.pairs:
        ends = one.ci if one.lead >= 0 else (-one.ci[1], -one.ci[0])
        rows.append((pair_text(one), log_odds(abs(one.lead), ends), one.votes))
    return pd.DataFrame(rows, columns=["says", f"lead, {STRENGTH}", "votes"])


def voters(board: VoteBoard) -> pd.DataFrame:
    """One row a voter; those who fail checks first."""
    rows = [
        (
            one.name,
            one.kind,
            one.votes,
            checks_text(one) or NONE,
            NONE if one.left_share is None else percent(one.left_share),
            "fails attention checks" if one.unreliable else "",
        )
        for one in sorted(board.voters, key=lambda one: not one.unreliable)
    ]
    return pd.DataFrame(rows, columns=["voter", "kind", "votes", "checks passed", "answers left", "says"])


def agreement_rows(agreements: Sequence[Agreement], limit: MeanOverClusters | None) -> pd.DataFrame:
    """One row a metric, best first, and as the last what two people reach.

    Args:
        limit: how often two people prefer the same clip; None where no two saw one pair.
    """
    rows = [
        (
            one.metric,
            share(one.accuracy),
            percent(one.accuracy_with_ties.value),
            NONE if one.tau_b is None else f"{one.tau_b.value:.2f}",
            one.verdict,
        )
        for one in agreements
    ]
    if limit is not None:
        rows.append(("two people", share(limit), "", "", "ceiling"))
    return pd.DataFrame(rows, columns=["metric", "right on decided votes", "with ties", "tau-b", "says"])
