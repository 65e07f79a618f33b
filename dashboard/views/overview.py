"""The chosen run at a glance: four axes, what to look out for, and the latest runs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from vbench_lite.dashboard import cached, data, frame
from vbench_lite.report.charts import boards, charts, comparisons
from vbench_lite.report.charts.style import AXES, FOUR_AXES, plain

_SHOWN_RUNS = 20


def _draw(run: data.RunSummary) -> None:
    suite = frame.suite_choice(run)
    board = cached.board([run.run_id], suite)
    _alerts(run, board)
    _axes(board)
    _reading(board)
    if run.notes:
        st.subheader("What this run says of itself")
        st.markdown("\n".join(f"- {plain(note)}" for note in run.notes))
    _changes(run, suite, board)
    _latest()


def _alerts(run: data.RunSummary, board: boards.BoardTable) -> None:
    found = cached.alerts(run)
    show = {"error": st.error, "warning": st.warning, "info": st.info}
    for alert in found:
        show[alert.level](plain(alert.text))
    for metric, reason in zip(board.trust["metric"], board.trust["reason"], strict=True):
        st.warning(f"{plain(metric)} is not to be trusted on this data: {plain(reason)}.")
    if board.notes:
        st.warning("\n".join(f"- {plain(note)}" for note in board.notes))
    if not found and not board.notes and board.trust.empty and run.status == "finished":
        st.success(
            "No failed samples, no disturbed timing, no metric that a control fools.", icon=":material/check:"
        )


def _axes(board: boards.BoardTable) -> None:
    st.caption(
        "Quality and coherence run from 0 (a control without content) to 1 (real clips). Speed and memory "
        "are factors of two against the suite's reference. Bars are 95% intervals."
    )
    for axis, cell in zip(FOUR_AXES, frame.cells(len(FOUR_AXES), 2), strict=True):
        rows = boards.axis_rows(board, axis)
        with cell:
            st.subheader(axis.capitalize(), help=AXES.get(axis), anchor=False)
            if rows.empty:
                st.info(f"No score: {plain(boards.why_empty(board, axis))}")
                continue
            st.altair_chart(
                charts.intervals(rows, f"{axis} score"),
                width="stretch",
                key=f"axis_{axis}",
                alt=f"{axis} score of each generator with its 95% interval; the text below names the leader",
            )


def _reading(board: boards.BoardTable) -> None:
    st.subheader("In words")
    for line in boards.leaders(board):
        st.markdown(f"- {plain(line)}")


def _changes(run: data.RunSummary, suite: str | None, board: boards.BoardTable) -> None:
    """What the four axes did since the run before of the same suite."""
    older = [r for r in cached.index().runs if r.created < run.created and suite in r.suites]
    before = next((r for r in older if set(r.generators) & set(run.generators)), None)
    if before is None:
        return
    st.subheader("What changed")
    both = [cached.board([before.run_id], suite), board]
    rows = comparisons.changes(both, [axis for axis in FOUR_AXES if axis in board.axes])
    steps = int((rows["step"] == "yes").sum())
    st.caption(
        plain(f"Since run {before.run_id} of {frame.when(before.created)}:")
        + " "
        + (
            f"{steps} axis scores left the interval that they had."
            if steps
            else "no axis score left the interval that it had."
        )
        + " The page Compare has differences, margins and a verdict."
    )
    st.dataframe(rows, hide_index=True, key="changes", alt="axis scores of the run before and of this one")


def _latest() -> None:
    runs = cached.index().runs
    st.subheader("Latest runs")
    table = pd.DataFrame(
        [
            {
                "run": r.run_id,
                "made": frame.when(r.created),
                "status": r.status,
                "suites": ", ".join(r.suites),
                "samples": r.samples,
                "generators": ", ".join(r.generators),
            }
            for r in runs[:_SHOWN_RUNS]
        ]
    )
    st.dataframe(table, hide_index=True, key="latest", alt="latest runs, newest first")
    if len(runs) > _SHOWN_RUNS:
        st.caption(f"{len(runs) - _SHOWN_RUNS} older runs can be chosen at the side.")


frame.page("Overview", "The chosen run at a glance.", _draw)
