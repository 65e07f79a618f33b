"""Charts over time, size and runs: arrivals, playback, growth and history; the manner is that of `charts`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt
import pandas as pd

from vbench_lite.report.charts.charts import Drawing
from vbench_lite.report.charts.encodings import (
    bounded,
    interval_tips,
    legend_height,
    line_look,
    lined,
    states,
)
from vbench_lite.report.charts.lanes import NAMES, lanes

_LEAST_SPAN = 4.0  # of a logarithmic scale, from its lower to its upper end
_LARGE = 1e4  # from here on numbers are written with k, M and G


def trace(frame: pd.DataFrame, chunks: pd.DataFrame) -> Drawing:
    """What a viewer waits for and sees: waiting, playing and stalls, one lane a generator.

    Args:
        frame: generator, state ("waiting", "playing", "stalled"), start, end (seconds).
        chunks: generator, time (s), frames: each hand-over, a tick below the lane's bar.
    """
    rows = lanes(frame)
    base = alt.Chart(frame)
    bars = base.mark_bar(height=16).encode(
        alt.X("start:Q", title="seconds since the request", axis=alt.Axis(tickCount=6)),
        alt.X2("end:Q"),
        rows,
        states("state:N", {"waiting": "#BBBBBB", "playing": "#009E73", "stalled": "#D55E00"}),
        tooltip=[
            "generator:N",
            "state:N",
            alt.Tooltip("start:Q", format=".3f"),
            alt.Tooltip("end:Q", format=".3f"),
        ],
    )
    stalls = (
        base.transform_filter("datum.state == 'stalled'")
        .mark_text(text="!", fontSize=12, fontWeight="bold", align="left", dx=2)
        .encode(alt.X("start:Q"), rows)
    )
    ticks = (
        alt.Chart(chunks)
        .mark_tick(thickness=1.5, size=7, yOffset=13, color="#8A8A8A")
        .encode(
            alt.X("time:Q"), rows, tooltip=["generator:N", alt.Tooltip("time:Q", format=".3f"), "frames:Q"]
        )
    )
    return alt.layer(bars, ticks, stalls).properties(height=alt.Step(38))


def deadlines(frame: pd.DataFrame) -> Drawing:
    """Every frame at the time when it is wanted, a lane a generator; from a late one a line to when it came.

    Args:
        frame: generator, frame, state ("on time", "late"), wanted, arrived (s), buffer (frames).
    """
    rows = lanes(frame)
    base = alt.Chart(frame)
    across = alt.X("wanted:Q", title="seconds since the request", axis=alt.Axis(tickCount=6))
    colour = states("state:N", {"on time": "#009E73", "late": "#D55E00"})
    times = [alt.Tooltip(f"{name}:Q", format=".3f") for name in ("wanted", "arrived")]
    late = base.transform_filter("datum.state == 'late'").mark_rule(strokeWidth=1, yOffset=10, opacity=0.5)
    return alt.layer(
        base.mark_tick(thickness=2, size=14).encode(
            across, rows, colour, tooltip=["generator:N", "frame:Q", "state:N", *times, "buffer:Q"]
        ),
        late.encode(across, alt.X2("arrived:Q"), rows, colour),
    ).properties(height=alt.Step(38))


def buffer(frame: pd.DataFrame) -> Drawing:
    """Frames in hand when each frame is wanted, against time; below 0 so many are missing.

    Args:
        frame: generator, family, frame (from 0), wanted (s), buffer (frames).
    """
    colour, shape, dash = line_look(frame)
    base = alt.Chart(lined(frame)).encode(
        alt.X("wanted:Q", title="seconds since the request"),
        alt.Y("buffer:Q", title="frames in hand"),
        colour,
    )
    begins = base.transform_filter("datum.frame == 0").mark_point(filled=True, size=45, opacity=1)
    return alt.layer(
        alt.Chart(pd.DataFrame({"buffer": [0]})).mark_rule(strokeWidth=1).encode(alt.Y("buffer:Q")),
        base.mark_line(interpolate="step-after", strokeWidth=2).encode(dash),
        begins.encode(shape),
    ).properties(height=200 + legend_height(frame))


def arrivals(frame: pd.DataFrame) -> Drawing:
    """Frames handed over against seconds since the request, as steps.

    Args:
        frame: generator, family, time (s), frames (handed over so far).
    """
    colour, shape, dash = line_look(frame)
    base = alt.Chart(lined(frame)).encode(
        alt.X("time:Q", title="seconds since the request"),
        alt.Y("frames:Q", title="frames handed over"),
        colour,
    )
    tips = ["generator:N", alt.Tooltip("time:Q", format=".3f"), "frames:Q"]
    return alt.layer(
        base.mark_line(interpolate="step-after", strokeWidth=2).encode(dash),
        base.mark_point(filled=True, size=45, opacity=1).encode(shape, tooltip=tips),
    ).properties(height=280 + legend_height(frame))


def growth(points: pd.DataFrame, fits: pd.DataFrame, x_title: str, y_title: str) -> Drawing:
    """A cost against a size, both logarithmic, with fitted lines.

    Args:
        points: generator, family, size, value, low, high.
        fits: generator, family, size, value.
        x_title: what the size is.
        y_title: what the cost is, with its unit.
    """
    colour, shape, dash = line_look(points)
    sizes = alt.Axis(
        values=sorted(set(points["size"])), format="~g", labelOverlap="greedy", labelSeparation=4
    )
    across = alt.X("size:Q", title=x_title, scale=alt.Scale(type="log", nice=False, padding=12), axis=sizes)
    low, high = _log_ends([*points["low"], *points["high"], *fits["value"]])
    rising = alt.Scale(type="log", nice=False, domain=[low, high])
    ticks = alt.Axis(format="~s" if high >= _LARGE else "~g", labelOverlap="greedy", labelSeparation=4)
    up = alt.Y("value:Q", title=y_title, scale=rising, axis=ticks)
    tips = ["generator:N", "size:Q", alt.Tooltip("value:Q", format=".4~g")]
    base = alt.Chart(points)
    return alt.layer(
        alt.Chart(lined(fits)).mark_line(strokeWidth=1.5).encode(across, up, colour, dash),
        base.mark_rule(strokeWidth=1.5).encode(
            across, alt.Y("low:Q", title=y_title, scale=rising), alt.Y2("high:Q"), colour
        ),
        base.mark_point(filled=True, size=80, opacity=1).encode(across, up, colour, shape, tooltip=tips),
    ).properties(height=320 + legend_height(points))


def _log_ends(values: Sequence[float]) -> tuple[float, float]:
    """Ends of a logarithmic scale: room around the values, and so far apart that what is flat looks flat."""
    low, high = min(values), max(values)
    room = max(1.2, math.sqrt(_LEAST_SPAN * low / high))
    return low / room, high * room


def history(frame: pd.DataFrame, title: str) -> Drawing:
    """A measure over runs, oldest first, one line a generator.

    Args:
        frame: generator, family, run, created, value, low, high, step ("yes" draws a ring).
        title: the measure with its unit.
    """
    runs = list(dict.fromkeys(frame["run"]))
    colour, shape, dash = line_look(frame)
    base = alt.Chart(lined(frame)).encode(
        alt.X("run:N", sort=runs, title="run, oldest first", axis=alt.Axis(labelAngle=-45, labelLimit=140)),
        colour,
    )
    up = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
    tips = ["generator:N", "run:N", "created:N", alt.Tooltip("value:Q", format=".4~g")]
    return alt.layer(
        bounded(base)
        .mark_rule(strokeWidth=1.5, opacity=1)
        .encode(alt.Y("low:Q", title=title), alt.Y2("high:Q")),
        base.mark_line(opacity=0.5).encode(up, dash),
        base.mark_point(filled=True, size=80, opacity=1).encode(up, shape, tooltip=tips),
        alt.Chart(lined(frame[frame["step"] == "yes"]))
        .mark_point(filled=False, size=320, strokeWidth=2, color="#8A8A8A", shape="circle")
        .encode(alt.X("run:N", sort=runs), up),
    ).properties(height=280 + legend_height(frame))


def parts(frame: pd.DataFrame) -> Drawing:
    """What each axis adds to a difference of totals: a bar to the right speaks for the leader.

    Args:
        frame: axis, leader, next, part.
    """
    base = alt.Chart(frame.assign(speaks=["leader" if part >= 0 else "next" for part in frame["part"]]))
    bars = base.mark_bar(height=14).encode(
        alt.X("part:Q", title="part of the difference of totals"),
        alt.Y("axis:N", sort=list(frame["axis"]), title=None, axis=NAMES),
        alt.Color(
            "speaks:N",
            scale=alt.Scale(domain=["leader", "next"], range=["#0072B2", "#D55E00"]),
            legend=None,
        ),
        tooltip=["axis:N", alt.Tooltip("part:Q", format="+.3f")],
    )
    zero = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(color="#8A8A8A").encode(alt.X("at:Q"))
    return alt.layer(bars, zero).properties(height=alt.Step(28))


def course(frame: pd.DataFrame, title: str) -> Drawing:
    """A value against the time within a clip, one line and one band a generator.

    Args:
        frame: generator, family, time (s), value, low, high (bounds may be missing).
        title: what the value is.
    """
    colour, shape, dash = line_look(frame)
    base = alt.Chart(lined(frame))
    across = alt.X("time:Q", title="seconds from the start of the clip")
    up = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
    tips = [
        "generator:N",
        alt.Tooltip("time:Q", format=".3~g"),
        *interval_tips("value", "value"),
        alt.Tooltip("n:Q", title="clips"),
    ]
    return alt.layer(
        bounded(base)
        .mark_area(opacity=0.18)
        .encode(across, alt.Y("low:Q", title=title, scale=alt.Scale(zero=False)), alt.Y2("high:Q"), colour),
        base.mark_line(strokeWidth=2).encode(across, up, colour, dash),
        base.mark_point(filled=True, size=60, opacity=1).encode(across, up, colour, shape, tooltip=tips),
    ).properties(height=320 + legend_height(frame))
