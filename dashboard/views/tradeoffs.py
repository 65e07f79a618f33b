"""What is given up for what: any two measures against each other, and all axes at once."""

from __future__ import annotations

import streamlit as st

from vbench_lite.dashboard import cached, data, frame
from vbench_lite.report.charts import boards, charts, pairs
from vbench_lite.report.charts.style import plain


def _draw(run: data.RunSummary) -> None:
    suite = frame.suite_choice(run)
    table = cached.board([run.run_id], suite, frame.tag_choice([run.run_id]))
    measures = table.measures()
    if len(measures) < 2:
        st.info("Fewer than two measures have been scored yet; there is nothing to set against each other.")
        return
    across, up = pairs.default_pair(table)
    left, right = st.columns(2)
    with left:
        x = st.selectbox("Across", measures, index=measures.index(across), key="x", bind="query-params")
        log_x = st.checkbox("logarithmic across", key="log_x", bind="query-params")
    with right:
        y = st.selectbox("Up", measures, index=measures.index(up), key="y", bind="query-params")
        log_y = st.checkbox("logarithmic up", key="log_y", bind="query-params")
    controls = st.checkbox("show the controls", key="controls", bind="query-params")
    pair = pairs.pair(table, x, y, controls=controls, log_x=log_x, log_y=log_y, clips=cached.pace(run, suite))
    for name, reason in pair.left_out:
        st.warning(f"{plain(name)} is not drawn: {plain(reason)}")
    if pair.points.empty:
        st.info("No generator has a value of both.")
    else:
        frame.chart(
            charts.scatter(pair.points, pair.x, pair.y),
            pair.table(),
            f"{y} against {x} with 95% intervals in both directions; the table holds the same values",
            "scatter",
        )
        st.caption(pair.reading())
    _parallel(table)


def _parallel(table: boards.BoardTable) -> None:
    rows = boards.axis_lines(table)
    if rows["axis"].nunique() < 2:
        return
    st.subheader("All axes")
    st.caption(
        "One line a generator. Speed and memory run from the worst to the best drawn score (the suite's "
        "reference included); the other axes run from 0, a control without content, to 1, real clips. "
        "The table has the scores."
    )
    frame.chart(
        charts.parallel(rows),
        boards.axis_wide(rows),
        "Axis scores of each generator as one line over all axes; the table holds the same values",
        "parallel",
    )


frame.page("Trade-offs", "What is given up for what.", _draw)
