"""What every number means: axes, and each registered metric with its unit, range, direction and source."""

from __future__ import annotations

import streamlit as st

from vbench_lite.dashboard import frame, glossary
from vbench_lite.metric import MetricInfo
from vbench_lite.report.panels.theme import AXES, axis_order, plain


def _draw() -> None:
    infos = glossary.metrics()
    for reason in glossary.broken():
        st.warning(plain(reason))
    present = axis_order({str(info.axis) for info in infos})
    axis = st.selectbox("Axis", ["all axes", *present], key="about", bind="query-params")
    for name in present:
        if axis in ("all axes", name):
            st.subheader(name.capitalize())
            st.markdown(plain(AXES.get(name, "")))
            for info in infos:
                if str(info.axis) == name:
                    _entry(info)


def _entry(info: MetricInfo) -> None:
    with st.expander(f"{plain(info.id)}: {plain(info.summary)}"):
        needs = [f"at least {info.min_frames} frames"] * (info.min_frames > 1)
        needs += [f"at least {info.min_n} clips"] * (info.min_n > 1)
        needs += [f"features of {name}" for name in info.extractors]
        needs += [f"captions of the {info.needs_world} world"] * (info.needs_world is not None)
        st.markdown(
            f"- Version {info.version}; {_better(info)} is better\n"
            f"- Range {plain(glossary.bounds(info))} {plain(info.unit)}\n"
            f"- Needs {plain(', '.join(needs) or 'nothing but the clip')}\n"
            f"- Source: {plain(info.source)}"
        )


def _better(info: MetricInfo) -> str:
    return "neither" if info.higher_is_better is None else ("higher" if info.higher_is_better else "lower")


frame.static("Glossary", "What every number means.", _draw)
