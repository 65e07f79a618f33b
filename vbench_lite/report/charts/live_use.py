"""From the press of a key to the picture: where the seconds go, how they change in a session, which frames
miss their time. Plain tables of stored values, and the charts of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from vbench_lite.control import Script
from vbench_lite.format import NONE, number, with_interval
from vbench_lite.measure.steering import answers_of
from vbench_lite.metric import Measurement
from vbench_lite.report.charts.charts import Drawing
from vbench_lite.report.charts.encodings import legend_height, line_look
from vbench_lite.report.charts.lanes import stacked
from vbench_lite.report.charts.leaderboard import column_title
from vbench_lite.results.board import BoardRow
from vbench_lite.results.catalogue import metric_facts

PARTS = {
    "wait": "interaction/wait_s",
    "response": "interaction/response_s",
    "onset": "interaction/onset_s",
}
COLORS = {"wait": "#BBBBBB", "response": "#56B4E9", "onset": "#E69F00"}
READING = (
    "Wait: from the press until the generator looks, and how far it runs ahead of its viewer. Response: from "
    "the look to the first frame made with it. Onset: until pixels change as asked. A player feels the sum."
)
FOLLOWING = (
    "interaction/followed",
    "interaction/frame_accuracy",
    "interaction/stopped",
    "interaction/idle_drift",
    "interaction/divergence",
    "interaction/revisit",
    "interaction/camera_followed",
    "interaction/camera_stopped",
    "interaction/camera_divergence",
)
DEADLINES = (
    "speed/deadline_share",
    "speed/worst_lateness_s",
    "speed/least_buffer_s",
    "speed/worst_window_frames_per_s",
)


def split(rows: Sequence[BoardRow]) -> pd.DataFrame:
    """generator, part (of `PARTS`), start, end in seconds; generators without all three are left out."""
    found = []
    for row in rows:
        values = [row.arm.value(metric) for metric in PARTS.values()]
        start_s = 0.0
        for part, value in zip(PARTS, values, strict=True):
            if None in values or value is None:
                continue
            found.append((row.arm.generator, part, start_s, start_s + value))
            start_s += value
    return pd.DataFrame(found, columns=["generator", "part", "start", "end"])


def table(rows: Sequence[BoardRow], metrics: Sequence[str]) -> pd.DataFrame:
    """A row for each generator and control with a value: its metrics with their intervals, as text."""
    shown = []
    for row in rows:
        cells = {column_title(metric): _text(row, metric) for metric in metrics}
        if set(cells.values()) != {NONE}:
            shown.append({"generator": row.arm.generator, **cells})
    found = pd.DataFrame(shown)
    return found if found.empty else found.loc[:, [name for name in found if set(found[name]) != {NONE}]]


def presses(calls: Sequence[Measurement], families: Mapping[str, str]) -> pd.DataFrame:
    """Every press of the timed sessions that was answered: generator, family, time of the press in seconds of
    the session, and seconds until the first frame made with it was shown."""
    rows = [
        (call.generator, families.get(call.generator, "unknown"), one.issued_s, one.shown_s - one.issued_s)
        for call in calls
        if call.call == "warm"
        for one in answers_of(call.controls, call.arrivals, call.fps)[1:]
    ]
    return pd.DataFrame(rows, columns=["generator", "family", "time", "seconds"])


def split_drawing(frame: pd.DataFrame) -> Drawing:
    """Stacked bars of `split`, one lane a generator."""
    texts = [number(end - start, "s") for start, end in zip(frame["start"], frame["end"], strict=True)]
    title = "seconds from the press of a key"
    return stacked(frame.assign(text=texts), "part", COLORS, title, alt.Tooltip("text:N", title="takes"))


def presses_drawing(frame: pd.DataFrame) -> Drawing:
    """Seconds until each press was shown, against the time of the session."""
    colour, shape, _ = line_look(frame)
    points = (
        alt.Chart(frame)
        .mark_point(filled=True, size=45, opacity=0.8)
        .encode(
            alt.X("time:Q", title="seconds of the session at the press"),
            alt.Y("seconds:Q", title="seconds until it is shown", scale=alt.Scale(nice=True, padding=8)),
            colour,
            shape,
            tooltip=[
                "generator:N",
                alt.Tooltip("time:Q", format=".2f"),
                alt.Tooltip("seconds:Q", format=".3f"),
            ],
        )
    )
    return alt.layer(points).properties(height=240 + legend_height(frame))


def _text(row: BoardRow, metric: str) -> str:
    found = row.arm.estimates.get(metric)
    if found is None or found.value is None:
        return NONE
    return with_interval(found, metric_facts(metric, {}).unit)


def keys_held(script: Script, num_frames: int) -> list[tuple[int, tuple[str, ...]]]:
    """(frame, what is held from it on) of a session, for the player."""
    return [(span.start, span.action.parts) for span in script.spans(num_frames)]
