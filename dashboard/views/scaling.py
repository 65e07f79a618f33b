"""How time and memory grow with the request: fits, crossings, the largest request that fits."""

from __future__ import annotations

import streamlit as st

from vbench_lite.dashboard import data, frame
from vbench_lite.report.panels import curves, growth
from vbench_lite.report.panels.theme import plain

_MEASURES = {
    "time": ("seconds", "seconds for a call"),
    "memory": ("peak_bytes", "peak bytes, imports included"),
}


def _draw(run: data.RunSummary) -> None:
    report = frame.scaling(run, frame.suite_choice(run))
    swept = growth.sweeps(report) if report is not None else []
    if report is None or not swept:
        st.info("This suite varies no size, so it says nothing about growth. The scaling suite does:")
        st.code(f"vbench-lite run --suite scaling --root {frame.root()}", language="sh")
        return
    sweep = str(
        st.segmented_control(
            "Varied", swept, default=swept[0], key="sweep", bind="query-params", required=True
        )
    )
    chosen = str(
        st.segmented_control(
            "Measure", list(_MEASURES), default="time", key="grows", bind="query-params", required=True
        )
    )
    measure, title = _MEASURES[chosen]
    size = growth.UNITS.get(sweep, sweep)
    points = growth.points(report, sweep, measure)
    families = frame.families(run)
    if points.empty:
        st.info("No call of this sweep has such a value.")
    else:
        lines = (
            growth.fitted(report, sweep) if measure == "seconds" else points[["generator", "size", "value"]]
        )
        frame.chart(
            curves.growth(
                points.assign(family=[families.get(g, "unknown") for g in points["generator"]]),
                lines.assign(family=[families.get(g, "unknown") for g in lines["generator"]]),
                size,
                title,
            ),
            points,
            f"{title} against {size}, both logarithmic; the table has the same values",
            "growth",
        )
        st.caption(
            "Points are medians over processes, bars their extremes. "
            + ("Lines are fitted power laws." if measure == "seconds" else "Lines join the medians.")
        )
    st.dataframe(growth.table(report, sweep), hide_index=True, key="fits", alt="fits of each generator")
    st.subheader("Who overtakes whom")
    sentences = growth.crossings(report, sweep)
    for sentence in sentences:
        st.markdown(f"- {plain(sentence)}")
    if not sentences:
        st.info("No two generators share enough sizes to say.")


frame.page("Scaling", "How time and memory grow with the request.", _draw)
