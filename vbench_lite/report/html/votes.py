"""Votes in a static page: the board of each axis that was voted on, and which metrics agree with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from markupsafe import Markup

from vbench_lite.errors import StoreError
from vbench_lite.report.charts import charts, votes
from vbench_lite.report.charts.rulers import Ruler
from vbench_lite.report.html import markup
from vbench_lite.report.html.charts import chart
from vbench_lite.store.rundir import RunDir
from vbench_lite.votes import words
from vbench_lite.votes.board import VoteBoard
from vbench_lite.votes.review import votes_on


def votes_section(run: RunDir, suite: str, families: Mapping[str, str]) -> Iterator[Markup]:
    """Every axis on which there are votes on clips of a run; nothing where there are none.

    Args:
        families: of generators.
    """
    try:
        found = votes_on(run, suite)
    except StoreError as error:
        yield markup.box("open", markup.paragraph(f"Votes are left out: {error}"))
        return
    for one in found:
        yield markup.heading(3, one.axis)
        if one.board is None:
            yield markup.box("open", markup.paragraph(f"There is no board: {one.refusal}"))
        else:
            yield from _board(one.board, families)
        yield markup.bullets(f"judge {judge.judge}: {judge.line()}" for judge in one.judges)
        yield markup.paragraph(one.sentence)
        if one.agreements:
            table = votes.agreement_rows(one.agreements, one.ceiling)
            yield markup.folded("Every metric beside these votes", markup.table(table, "Chance is 50%"))


def _board(board: VoteBoard, families: Mapping[str, str]) -> Iterator[Markup]:
    yield markup.paragraph(words.headline(board))
    yield chart(
        charts.intervals(votes.strengths(board, families), votes.AROUND, Ruler(lines=(0.0,))),
        "Strength of each generator by votes with its 95% interval and rank",
        votes.standing(board),
    )
    yield markup.paragraph(votes.READING, "soft")
    yield markup.table(votes.pairs(board), "Any two, and what more votes would bring")
    yield markup.table(votes.wins(board), "Decided votes, won by the row over the column")
    yield markup.bullets([words.shares_text(board), words.order_text(board)])
    failing = [words.voter_text(voter) for voter in board.voters if voter.unreliable]
    if failing:
        yield markup.box("bad", markup.bullets(failing))
    yield markup.folded("Who voted", markup.table(votes.voters(board), "Voters and their attention checks"))
    yield markup.bullets([*([words.FEW_VOTERS] if board.few_voters else []), *words.left_out_lines(board)])
