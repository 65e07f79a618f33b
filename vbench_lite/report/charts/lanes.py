"""Bars on lanes: one lane a generator, in their order in a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from vbench_lite.report.charts.charts import Drawing
from vbench_lite.report.charts.encodings import states

NAMES = alt.Axis(labelLimit=170, labelOverlap=False, labelFlush=False, ticks=False, domain=False)
_LABELLED = 0.12  # of the longest bar: a smaller part has no room for its text


def lanes(frame: pd.DataFrame) -> alt.Y:
    """The lanes of the generators of a table."""
    order = list(dict.fromkeys(frame["generator"]))
    return alt.Y("generator:N", sort=order, title=None, axis=NAMES)


def stacked(frame: pd.DataFrame, part: str, colors: Mapping[str, str], title: str, told: Any) -> Drawing:
    """Parts one after another, each with its text where there is room for it.

    Args:
        frame: generator, `part`, start, end (seconds), text.
        colors: by part, in the order of the legend.
        title: of the seconds.
        told: what a part says of itself on demand, as Altair takes it.
    """
    middle = frame.assign(middle=(frame["start"] + frame["end"]) / 2)
    rows = lanes(frame)
    bars = (
        alt.Chart(middle)
        .mark_bar(height=18)
        .encode(
            alt.X("start:Q", title=title, axis=alt.Axis(tickCount=6)),
            alt.X2("end:Q"),
            rows,
            states(f"{part}:N", colors, columns=3),
            tooltip=["generator:N", f"{part}:N", told],
        )
    )
    labels = (
        alt.Chart(middle[middle["end"] - middle["start"] > _LABELLED * float(frame["end"].max())])
        .mark_text(fontSize=11, color="black")
        .encode(alt.X("middle:Q"), rows, alt.Text("text:N"))
    )
    return alt.layer(bars, labels).properties(height=alt.Step(34))
