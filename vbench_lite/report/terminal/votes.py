"""The board of votes on a terminal: who wins, what is open, who voted, and which metrics agree."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vbench_lite.format import percent, place_text
from vbench_lite.report.charts.votes import agreement_rows
from vbench_lite.stats.clusters import MeanOverClusters
from vbench_lite.votes.agreement import Agreement
from vbench_lite.votes.board import PairState, VoteBoard
from vbench_lite.votes.judge_trust import JudgeTrust

MOST_METRICS = 8


def print_votes(
    board: VoteBoard,
    agreements: Sequence[Agreement],
    limit: MeanOverClusters | None,
    out: Console,
    judges: Sequence[JudgeTrust] = (),
) -> None:
    """Print a board, the state of its pairs, its voters, its judges, and the agreement of metrics."""
    out.print(Text(headline(board), style="bold"))
    table = _table("generator", "log-odds (95%)", "rank", "votes", "won", "tied", "lost")
    for row in board.rows:
        strength = f"{row.strength:+.2f} ({row.ci[0]:+.2f} to {row.ci[1]:+.2f})"
        table.add_row(
            row.generator, strength, place_text(row.rank), *map(str, (row.votes, row.won, row.tied, row.lost))
        )
    out.print(table)
    for pair in board.pairs:
        out.print(Text(f"· {pair_text(pair)}"))
    out.print(
        Text(f"ties {percent(board.ties)}, both bad {percent(board.both_bad)}{_alpha(board)}", style="dim")
    )
    if board.order_effect is not None:
        value, (low, high) = board.order_effect
        sure = "; sides matter" if low > 0 or high < 0 else ""
        out.print(
            Text(f"effect of the left side: {value:+.2f} ({low:+.2f} to {high:+.2f}){sure}", style="dim")
        )
    for voter in board.voters:
        checks = (
            f", checks {voter.passed} of {voter.passed + voter.failed}" if voter.passed + voter.failed else ""
        )
        told = " · fails attention checks: see --without" if voter.unreliable else ""
        style = "yellow" if voter.unreliable else "dim"
        out.print(Text(f"voter {voter.name} ({voter.kind}): {voter.votes} votes{checks}{told}", style=style))
    for judge in judges:
        out.print(Text(f"judge {judge.judge}: {judge.line()}", style="dim"))
    if board.few_voters:
        out.print(Text("few voters: intervals hold for these voters, not for people in general", style="dim"))
    for reason, count in board.left_out.items():
        out.print(Text(f"! {count} left out: {reason}", style="yellow"))
    if agreements:
        out.print(_agreement_table(agreements, limit))


def headline(board: VoteBoard) -> str:
    """Who is preferred, in one sentence."""
    best = board.rows[0]
    total = sum(row.votes for row in board.rows) // 2
    if best.rank == (1, 1):
        return f"Preferred: {best.generator} ({total} votes on {board.axis})."
    among = ", ".join(row.generator for row in board.rows if row.rank[0] == 1)
    return f"Open: {total} votes on {board.axis} do not say who is first among {among}."


def pair_text(pair: PairState) -> str:
    """What votes say of two generators."""
    ahead, behind = (pair.first, pair.second) if pair.lead >= 0 else (pair.second, pair.first)
    if pair.decision == "separated":
        return f"{ahead} is preferred to {behind}"
    if pair.decision == "equivalent":
        return f"{ahead} and {behind} are equally liked: more votes will not part them"
    return f"{ahead} and {behind}: open, about {pair.more} more votes of this pair would part them"


def _alpha(board: VoteBoard) -> str:
    return "" if board.alpha is None else f"; agreement of voters (Krippendorff's alpha) {board.alpha:.2f}"


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for place, heading in enumerate(headings):
        table.add_column(Text(heading), justify="left" if place == 0 else "right", no_wrap=place > 0)
    return table


def _agreement_table(agreements: Sequence[Agreement], limit: MeanOverClusters | None) -> Table:
    rows = agreement_rows(agreements[:MOST_METRICS], limit)
    table = _table(*rows.columns)
    for row in rows.itertuples(index=False):
        table.add_row(*row)
    return table
