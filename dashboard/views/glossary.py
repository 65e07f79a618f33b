"""What every number means: axes, and each registered metric with its unit, range, direction and source."""

from __future__ import annotations

import streamlit as st

from vbench_lite.dashboard import frame, glossary
from vbench_lite.report import metric_page
from vbench_lite.report.charts.style import AXES, axis_order, plain
from vbench_lite.report.metric_page import MetricPage


def _draw() -> None:
    listed = metric_page.pages()
    for reason in glossary.broken():
        st.warning(plain(reason))
    present = axis_order({str(page.info.axis) for page in listed})
    axis = st.selectbox("Axis", ["all axes", *present], key="about", bind="query-params")
    for name in present:
        if axis in ("all axes", name):
            st.subheader(name.capitalize())
            st.markdown(plain(AXES.get(name, "")))
            for page in listed:
                if str(page.info.axis) == name:
                    _entry(page)


def _entry(page: MetricPage) -> None:
    with st.expander(f"{plain(page.info.id)}: {plain(page.info.summary)}"):
        lines = [plain(text) for text in page.meaning]
        lines.append("\n".join(f"- {name}: {plain(text)}" for name, text in page.facts()))
        lines += [f"**{name}.** {plain(text)}" for name, text in page.sections()]
        st.markdown("\n\n".join(lines))


frame.static("Glossary", "What every number means.", _draw)
