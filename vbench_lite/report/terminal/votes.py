"""The board of votes on a terminal: who wins, what is open, who voted, and which metrics agree."""

from __future__ import annotations

import pandas as pd
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from vbench_lite.report.charts.votes import agreement_rows, standing
from vbench_lite.votes.board import VoteBoard
from vbench_lite.votes.review import AxisVotes
from vbench_lite.votes.words import (
    FEW_VOTERS,
    headline,
    left_out_lines,
    order_text,
    pair_text,
    shares_text,
    voter_text,
)

MOST_METRICS = 8


def print_votes(board: VoteBoard, found: AxisVotes, out: Console) -> None:
    """Print a board, the state of its pairs, its voters, its judges, and the agreement of metrics."""
    out.print(Text(headline(board), style="bold"))
    out.print(_table(standing(board)))
    for pair in board.pairs:
        out.print(Text(f"· {pair_text(pair)}"))
    for line in (shares_text(board), order_text(board)):
        out.print(Text(line, style="dim"))
    for voter in board.voters:
        told = ": see --without" if voter.unreliable else ""
        out.print(Text(f"{voter_text(voter)}{told}", style="yellow" if told else "dim"))
    for judge in found.judges:
        out.print(Text(f"judge {judge.judge}: {judge.line()}", style="dim"))
    if board.few_voters:
        out.print(Text(FEW_VOTERS, style="dim"))
    for line in left_out_lines(board):
        out.print(Text(f"! {line}", style="yellow"))
    if found.agreements:
        out.print(_table(agreement_rows(found.agreements[:MOST_METRICS], found.ceiling)))


def agreement_text(found: AxisVotes, title: str) -> RenderableType:
    """How often each metric is right about votes, and what that means."""
    parts: list[RenderableType] = [Text(f"\n{title}", style="bold")]
    if found.agreements:
        parts.append(_table(agreement_rows(found.agreements, found.ceiling)))
    return Group(*parts, Text(found.sentence))


def _table(rows: pd.DataFrame) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for place, heading in enumerate(rows.columns):
        table.add_column(Text(heading), justify="left" if place == 0 else "right", no_wrap=place > 0)
    for row in rows.itertuples(index=False):
        table.add_row(*map(str, row))
    return table
