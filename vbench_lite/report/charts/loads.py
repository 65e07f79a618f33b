"""Load tests of servers: waiting times against the load, and what each step came to. Plain tables of stored
numbers, and the chart of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from vbench_lite.format import NONE, number, percent, significant
from vbench_lite.report.charts.charts import Drawing
from vbench_lite.report.charts.encodings import states
from vbench_lite.results.load_store import LoadDocument

QUANTILES = {"p50": "#56B4E9", "p95": "#E69F00", "p99": "#D55E00"}
READING = (
    "Latency counts from the time when a request was due, so a slow server cannot slow its own test down. A "
    "quantile that falls among requests that did not end is not known, and has no point."
)


def title(load: LoadDocument) -> str:
    """What was loaded, how and when, in one line."""
    loop = "open loop" if load.asked["rate"] else "closed loop"
    return f"{load.generator['label']}, {loop}, {load.created[:16].replace('T', ' ')}"


def latencies(load: LoadDocument) -> pd.DataFrame:
    """load (requests a second, or under way), quantile, seconds; what is not known is left out."""
    rows = [
        (_asked(step), name, step["latency"][name])
        for step in load.steps
        for name in QUANTILES
        if step["latency"][name] is not None
    ]
    return pd.DataFrame(rows, columns=["load", "quantile", "seconds"])


def latency_drawing(load: LoadDocument) -> Drawing:
    """Quantiles of the latency against the load, which doubles from step to step."""
    unit = "requests a second" if load.asked["rate"] else "requests under way"
    frame = latencies(load)
    steps = sorted(set(frame["load"]))
    line = (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(filled=True, size=50))
        .encode(
            alt.X("load:Q", title=unit, scale=alt.Scale(type="log", base=2), axis=alt.Axis(values=steps)),
            alt.Y("seconds:Q", title="latency in seconds"),
            states("quantile:N", QUANTILES, columns=len(QUANTILES)),
            tooltip=["load:Q", "quantile:N", alt.Tooltip("seconds:Q", format=".3f")],
        )
    )
    return alt.layer(line).properties(height=260)


def step_table(load: LoadDocument) -> pd.DataFrame:
    """Each step in one row: how much was sent, what it finished, how late, and what was good."""
    return pd.DataFrame([_row(step) for step in load.steps])


def _row(step: Mapping[str, Any]) -> dict[str, str]:
    finished = step["finished"]
    return {
        "load": f"{step['concurrency']} under way" if step["rate"] is None else f"{step['rate']:.3g}/s",
        "sent": str(step["sent"]),
        "failed": str(step["failed"]),
        "not ended": str(step["unfinished"]),
        "done/s": NONE if finished is None else significant(finished["value"]),
        **{name: number(step["latency"][name], "s") for name in QUANTILES},
        "queue p95": number(None if step["queue"] is None else step["queue"]["p95"], "s"),
        "first frame p95": number(step["first_frame"]["p95"], "s"),
        "on time": NONE if step["on_time"] is None else percent(step["on_time"]),
        "good/s": significant(step["goodput"]),
    }


def saturation_line(load: LoadDocument) -> str:
    """Where the server is saturated, with its interval, or why that is not known."""
    found = load.saturation
    rate = found["rate"]
    if rate is None:
        return f"Saturation {found['words']}."
    ends = "" if rate["low"] is None else f" ({significant(rate['low'])} to {significant(rate['high'])})"
    return f"Saturation at {significant(rate['value'])}{ends} requests a second; {found['words']}."


def _asked(step: Mapping[str, Any]) -> float:
    return float(step["concurrency"] if step["rate"] is None else step["rate"])
