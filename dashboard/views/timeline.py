"""Every run on a line of time, the baselines marked, and two of them to compare."""

from __future__ import annotations

from urllib.parse import quote

import streamlit as st

from vbench_lite.dashboard import cached, data, frame
from vbench_lite.dashboard.pages import page_named
from vbench_lite.report.charts import timeline

_MOST = 200  # the newest runs


def _draw(run: data.RunSummary) -> None:
    index = cached.index()
    shown = timeline.rows(cached.documents(_MOST), index.baselines)
    frame.chart(
        timeline.drawing(shown),
        shown[["title", "suite", "made", "kind", "mark"]],
        "Runs by suite and time; the table lists the same runs, newest first",
        "timeline",
    )
    if len(index.runs) > _MOST:
        st.caption(f"The newest {_MOST} of {len(index.runs)} runs.")
    st.subheader("Compare two of them")
    titles = {one.run_id: one.title for one in index.runs}
    names = {run_id: name for name, run_id in index.baselines.items() if run_id in titles}
    titles |= {run_id: f"{name}: {titles[run_id]}" for run_id, name in names.items()}
    if len(titles) < 2:
        st.info("There is one run; a comparison needs two.")
        return
    older = [*names, *(one for one in titles if one not in names and one != run.run_id)]
    left, right = st.columns(2)
    with left:
        before = frame.run_choice("Before", older, titles, key="before", help="Named baselines come first.")
    with right:
        newer = [run.run_id, *(one for one in titles if one != run.run_id)]
        after = frame.run_choice("After", newer, titles, key="after", help="The chosen run comes first.")
    if before == after:
        st.info("Before and after are the same run.")
        return
    st.page_link(
        str(page_named("compare").file),
        label="Compare these two",  # a phone would cut their titles, which stand above
        icon=page_named("compare").icon,
        query_params={"run": quote(after), "baseline": quote(before)},
    )


frame.page("Runs", "What was run when, and which of them is the baseline.", _draw)
