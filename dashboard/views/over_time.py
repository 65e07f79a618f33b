"""When frames arrive, and what a viewer would see of a stream."""

from __future__ import annotations

import streamlit as st

from vbench_lite.dashboard import data, frame
from vbench_lite.report.panels import curves, traces


def _draw(run: data.RunSummary) -> None:
    suite = frame.suite_choice(run)
    calls = frame.directory(run).calls(suite) if suite is not None else []
    cases = traces.cases(calls)
    if not cases:
        st.info("This run has no timed calls yet, so there is nothing to show over time.")
        return
    case = st.selectbox("Request", cases, key="case", bind="query-params") if len(cases) > 1 else cases[0]
    typical = traces.median_calls(calls, case)
    families = {
        entry.label: str(entry.info.get("family")) for entry in frame.directory(run).document().generators
    }
    st.subheader("Frame arrivals")
    st.caption(
        "Frames handed over since the request, for the warm call of median length. A generator that cannot "
        "stream hands over everything at once."
    )
    steps = traces.arrival_steps(typical)
    steps["family"] = [families.get(g, "unknown") for g in steps["generator"]]
    frame.chart(
        curves.arrivals(steps),
        steps.drop(columns="family"),
        "Frames handed over against seconds since the request, as steps; the table holds the same values",
        "arrivals",
    )
    st.subheader("Playback")
    st.caption(
        "What a viewer sees who starts with the first frame and plays at the clip's rate: waiting, playing, "
        "and stalls (marked !) while the next frame is not there. Ticks below a bar are hand-overs of frames."
    )
    shown = traces.playback(typical)
    frame.chart(
        curves.trace(shown, traces.chunks(typical)),
        shown,
        "Waiting, playing and stalls of each generator in seconds; the table holds the same values",
        "playback",
    )
    st.dataframe(
        traces.playback_summary(typical),
        hide_index=True,
        key="stalls",
        alt="first frame, stalls, delay needed",
    )


frame.page("Over time", "When frames arrive, and what a viewer would see.", _draw)
