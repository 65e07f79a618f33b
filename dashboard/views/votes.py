"""Whom people prefer: strengths with their ranks, what is open between any two, and who voted."""

from __future__ import annotations

import streamlit as st

from vbench_lite.dashboard import cached, data, frame
from vbench_lite.dashboard.pages import page_named
from vbench_lite.report.charts import charts, votes
from vbench_lite.report.charts.rulers import Ruler
from vbench_lite.report.charts.style import plain
from vbench_lite.votes import words
from vbench_lite.votes.board import VoteBoard
from vbench_lite.votes.review import AxisVotes


def _draw(run: data.RunSummary) -> None:
    suite = frame.suite_choice(run)
    found = {one.axis: one for one in frame.votes_of(run, suite)}
    if not found:
        return
    chosen = found[st.selectbox("Asked about", list(found), key="asked", bind="query-params")]
    if chosen.board is None:
        st.warning(plain(f"There is no board: {chosen.refusal}"))
        frame.command(f"vbench-lite vote {run.run_id} --axis {chosen.axis}")
    else:
        _board(chosen.board, cached.families(run))
    _judges(chosen)
    st.subheader("Which metrics agree")
    st.markdown(plain(chosen.sentence))
    trust = page_named("trust")
    st.page_link(str(trust.file), label="Every metric beside these votes", icon=trust.icon)


def _board(board: VoteBoard, families: dict[str, str]) -> None:
    st.markdown(f"**{plain(words.headline(board))}**")
    frame.chart(
        charts.intervals(votes.strengths(board, families), votes.AROUND, Ruler(lines=(0.0,))),
        votes.standing(board),
        "Strength of each generator by votes with its 95% interval and rank; the table has the counts",
        "strengths",
    )
    st.caption(plain(votes.READING))
    st.subheader("Any two")
    frame.table(
        votes.pairs(board),
        "pairs",
        "each pair of generators: what votes say, the lead, and how many votes",
        whole=True,
    )
    st.caption("Decided votes, won by the row over the column:")
    frame.table(
        votes.wins(board), "wins", "how many decided votes each generator won against each other", whole=True
    )
    st.subheader("Who voted")
    for line in (words.shares_text(board), words.order_text(board)):
        st.markdown(plain(f"{line[:1].upper()}{line[1:]}."))
    for voter in board.voters:
        if voter.unreliable:
            st.warning(plain(words.voter_text(voter)))
    frame.table(
        votes.voters(board),
        "voters",
        "each voter: votes, attention checks, share of answers for the left",
        whole=True,
    )
    if board.few_voters:
        st.caption(plain(words.FEW_VOTERS))
    for line in words.left_out_lines(board):
        st.caption(plain(line))


def _judges(found: AxisVotes) -> None:
    for judge in found.judges:
        st.caption(plain(f"judge {judge.judge}: {judge.line()}"))


frame.page(
    "Votes", "Whom people prefer on these clips, how surely, and how far their votes can be relied on.", _draw
)
