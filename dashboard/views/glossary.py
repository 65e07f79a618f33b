"""What every number means: axes, and each registered metric with its unit, range, direction and source."""

from __future__ import annotations

import streamlit as st

from vbench_lite.dashboard import cached, frame, glossary
from vbench_lite.report import metric_page
from vbench_lite.report.charts.style import AXES, axis_order, plain
from vbench_lite.report.metric_page import MetricPage


def _draw() -> None:
    for reason in glossary.broken():
        st.warning(plain(reason))
    left, right = st.columns([2, 1])
    with left:
        words = st.text_input(
            "Search", key="words", bind="query-params", placeholder="flicker, FVD, memory, motion ..."
        )
    listed = [page for page in metric_page.pages() if glossary.speaks_of(page, words)]
    present = axis_order({str(page.info.axis) for page in listed})
    with right:
        axis = st.selectbox("Axis", ["all axes", *present], key="about", bind="query-params")
    listed = [page for page in listed if axis in ("all axes", str(page.info.axis))]
    if not listed:
        st.info("No metric speaks of that. Fewer or other words may find one.")
    run = frame.chosen_run()
    own = set(cached.metrics(run)) if run is not None else set()
    mine = [page for page in listed if page.info.id in own]
    if mine and len(mine) < len(listed):
        st.subheader("Of this run")
        for page in mine:
            _entry(page)
    for name in present:
        rest = [p for p in listed if str(p.info.axis) == name and (p not in mine or len(mine) == len(listed))]
        if rest:
            st.subheader(name.capitalize())
            st.markdown(plain(AXES.get(name, "")))
            for page in rest:
                _entry(page)


def _entry(page: MetricPage) -> None:
    with st.expander(f"{plain(page.info.id)}: {plain(page.info.summary)}"):
        lines = [plain(text) for text in page.meaning]
        lines.append("\n".join(f"- {name}: {plain(text)}" for name, text in page.facts()))
        lines += [f"**{name}.** {plain(text)}" for name, text in page.sections()]
        st.markdown("\n\n".join(lines))


frame.static("Glossary", "What every number means.", _draw)
