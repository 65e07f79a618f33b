"""How clips change with time, when frames arrive, and what a viewer would see of a stream."""

from __future__ import annotations

import streamlit as st

from vbench_lite.dashboard import cached, data, frame
from vbench_lite.measure.playback import LIVE_START_S
from vbench_lite.metric import Measurement
from vbench_lite.report.charts import curves, drifts, stages, traces
from vbench_lite.report.charts.style import plain
from vbench_lite.results.catalogue import metric_facts


def _draw(run: data.RunSummary) -> None:
    suite = frame.suite_choice(run)
    families = cached.families(run)
    _drift(run, suite, families)
    _arrivals(run, suite, families)


def _drift(run: data.RunSummary, suite: str | None, families: dict[str, str]) -> None:
    st.subheader("Drift within clips")
    found = cached.time_series(run, suite)
    metrics = drifts.metrics(found)
    if not metrics:
        none = "No metric of this suite follows a clip over time."
        others = (name for name in run.suites if name != suite and cached.time_series(run, name))
        if (other := next(others, None)) is not None:
            st.info(f"{none} Those of {plain(other)} do: choose it above.")
        else:
            st.info(f"{none} The horizon suite does:")
            frame.command("vbench-lite run --suite horizon")
        return
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        metric = st.selectbox("Metric", metrics, key="drift", bind="query-params")
    with right:
        controls = st.checkbox("show the controls", key="controls", bind="query-params")
    st.caption(plain(metric_facts(metric, {}).summary))
    rows = drifts.table(found, metric, families)
    rows = rows if controls else rows[~rows["control"]]
    if rows.empty:
        st.info("No generator has a time series of this metric yet.")
        return
    frame.chart(
        curves.course(rows, f"what {metric} follows"),
        rows.drop(columns=["family", "control"]),
        f"What {metric} follows against the time within the clip, with 95% bands; the table has the values",
        "drift",
    )
    st.caption("Means over clips at each time; bands are 95% intervals of these means.")


def _arrivals(run: data.RunSummary, suite: str | None, families: dict[str, str]) -> None:
    calls = cached.directory(run).calls(suite) if suite is not None else []
    cases = traces.cases(calls)
    st.subheader("Frame arrivals")
    if not cases:
        st.info("There are no timed calls of this suite, so there is nothing to show of arrivals.")
        return
    case = st.selectbox("Request", cases, key="case", bind="query-params") if len(cases) > 1 else cases[0]
    typical = traces.typical_calls(calls, case)
    st.caption(
        "Frames handed over since the request, for the warm call that is nearest to the latency. A generator "
        "that cannot stream hands over everything at once."
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
    frame.table(traces.playback_summary(typical), "stalls", "first frame, stalls, delay needed")
    _deadlines(typical, families)
    _stages(typical)


def _deadlines(typical: list[Measurement], families: dict[str, str]) -> None:
    st.subheader("Deadlines")
    start_s = st.slider(
        "The first frame is wanted so many seconds after the request",
        0.0,
        10.0,
        LIVE_START_S,
        0.25,
        key="start",
        bind="query-params",
    )
    st.caption(
        "Every frame at the time when a live clock wants it, which never waits for a late one; a line leads "
        "to when a late frame came. Below: frames in hand at that time, or missing."
    )
    found = traces.deadlines(typical, start_s)
    frame.chart(
        curves.deadlines(found),
        found,
        "Frames on time and late against the seconds at which they are wanted; the table has every frame",
        "deadlines",
    )
    found["family"] = [families.get(g, "unknown") for g in found["generator"]]
    frame.chart(
        curves.buffer(found),
        found[["generator", "frame", "wanted", "buffer"]],
        "Frames in hand against the seconds at which frames are wanted; below 0 they are missing",
        "buffer",
    )


def _stages(typical: list[Measurement]) -> None:
    shown = stages.seconds(typical)
    st.subheader("Where the seconds go")
    if shown.empty:
        st.info("No generator names the phases of its calls.")
        return
    frame.chart(
        stages.drawing(shown),
        stages.table(typical),
        "Seconds of each stage of a call as stacked bars; the table holds them with both frame rates",
        "stages",
    )
    st.caption(stages.READING)


frame.page("Over time", "How clips change with time, when frames arrive, what a viewer sees.", _draw)
