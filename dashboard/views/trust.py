"""Which metrics can be believed on this data: what the controls score, and what they give away."""

from __future__ import annotations

import streamlit as st

from vbench_lite.dashboard import cached, data, frame
from vbench_lite.errors import StoreError
from vbench_lite.report.charts import audits, boards, charts, trust
from vbench_lite.report.charts.style import plain
from vbench_lite.sensitivity import load_audits


def _draw(run: data.RunSummary) -> None:
    board = cached.board([run.run_id], frame.suite_choice(run))
    st.subheader("Controls of this run")
    _controls(board)
    st.subheader("Audit: known damage to real clips")
    _audit(board)


def _audit(board: boards.BoardTable) -> None:
    st.caption(
        "An audit damages real clips by known amounts and asks each metric whether it notices. Fooled: it "
        "rewards a damage or a clip without content. Blind: it does not see what its axis is meant to see."
    )
    try:
        found = load_audits(cached.root())
    except StoreError as error:
        st.warning(plain(error))
        return
    if not found:
        st.info("No audit lies under this root. Make one (at most three minutes):")
        st.code(f"vbench-lite audit --root {cached.root()}", language=None)
        return
    titles = audits.titles(found)
    chosen = st.selectbox("Audit", list(titles.values()), key="of_audit", bind="query-params")
    audit = next(a for a in found if titles[a.id] == chosen)
    shown = audits.verdicts(audit)
    here = set(board.values["name"])
    if st.checkbox("only metrics of this run", value=True, key="mine", bind="query-params"):
        shown = shown[shown["metric"].isin(here)]
    st.dataframe(
        shown, hide_index=True, height="content", key="verdicts", alt="verdict of the audit on each metric"
    )
    cells = audits.cells(audit)
    cells = cells[cells["metric"].isin(shown["metric"])]
    if not cells.empty:
        frame.chart(
            charts.outcomes(cells),
            cells,
            "What each metric makes of each damage; the table has effects with their intervals",
            "outcomes",
        )
        st.caption(
            "✓ noticed, ✗ rewarded, ○ not seen, ? cannot tell, ↕ moved (of a description), – no value; "
            "* where the metric's axis is meant to notice it. Effects are in standard deviations."
        )
    for note in audit.notes:
        st.caption(plain(note))


def _controls(board: boards.BoardTable) -> None:
    st.caption(
        "Real clips set the ceiling of a metric, clips without content (frozen, noise, shuffled) its floor. "
        "Where a floor beats real clips, or cannot be told from them, the metric says little on this data."
    )
    if board.arms["control"].sum() == 0:
        st.info(
            "This run has no control arms, so it says nothing about its metrics. Run without --no-controls."
        )
        return
    for metric, reason in zip(board.trust["metric"], board.trust["reason"], strict=True):
        st.warning(f"{plain(metric)}: {plain(reason)}.")
    table = trust.table(board)
    if table.empty:
        st.info("No metric has a value on the controls yet.")
        return
    if board.trust.empty:
        st.success("No control fools a metric on this data.", icon=":material/check:")
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        key="audit",
        alt="value of each metric on real clips and on the controls",
    )
    conflicts = trust.conflicts(board)
    st.subheader("Distances that disagree")
    st.caption(
        "Two distances to the same real clips can order two generators differently; "
        "then neither order is firm."
    )
    if conflicts.empty:
        st.info("All distances of this run order its generators alike, or there is only one.")
    else:
        st.dataframe(
            conflicts, hide_index=True, key="conflicts", alt="pairs of distances that disagree on an order"
        )
    st.subheader("One metric over all arms")
    metric = st.selectbox("Metric", list(table["metric"]), key="metric", bind="query-params")
    rows = trust.arms_of(board, metric)
    unit = board.unit(metric)
    frame.chart(
        charts.intervals(rows, f"{metric} ({unit})" if unit else metric),
        rows,
        f"{metric} of every generator and control with its 95% interval; the table holds the same values",
        "arms",
    )


frame.page("Metric trust", "Which metrics can be believed on this data.", _draw)
