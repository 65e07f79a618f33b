"""How time and memory grow with the request: fits, crossings, the largest request that fits."""

from __future__ import annotations

import streamlit as st

from vbench_lite.dashboard import cached, data, frame
from vbench_lite.report.charts import growth
from vbench_lite.report.charts.style import plain


def _draw(run: data.RunSummary) -> None:
    suite = frame.sweep_choice(run)
    report = cached.scaling(run, suite) if suite is not None else None
    swept = growth.sweeps(report) if report is not None else []
    if report is None or not swept:
        st.info(
            "No suite of this run varies a size, so it says nothing about growth. The scaling suite does:"
        )
        frame.command("vbench-lite run --suite scaling")
        return
    sweep = str(
        st.segmented_control(
            "Varied", swept, default=swept[0], key="sweep", bind="query-params", required=True
        )
    )
    chosen = str(
        st.segmented_control(
            "Measure", list(growth.MEASURES), default="time", key="grows", bind="query-params", required=True
        )
    )
    measure = growth.MEASURES[chosen]
    if (disturbed := report.disturbed(sweep)) is not None:
        st.warning(plain(disturbed))
    drawing = growth.drawing(report, sweep, measure, cached.families(run))
    if drawing is None:
        st.info("No call of this sweep has such a value.")
    else:
        frame.chart(
            drawing,
            growth.points(report, sweep, measure.column),
            f"{measure.title} against {growth.UNITS.get(sweep, sweep)}, both logarithmic; "
            "the table has the same values",
            "growth",
        )
        st.caption(f"{growth.POINTS} {measure.reading}")
    frame.table(growth.table(report, sweep), "fits", "fits of each generator")
    st.subheader("Who overtakes whom")
    sentences = growth.crossings(report, sweep)
    for sentence in sentences:
        st.markdown(f"- {plain(sentence)}")
    if not sentences:
        st.info("No two generators share enough sizes to say.")


frame.page("Scaling", "How time and memory grow with the request.", _draw)
