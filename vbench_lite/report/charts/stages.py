"""Where the seconds of a call go, by stage, and what a frame rate includes.

Read from the warm call of each generator nearest to its latency by the metrics of stages, so that the stages
of a bar add up to what that call took.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from vbench_lite.format import NONE, number, percent
from vbench_lite.metric import Measurement
from vbench_lite.report.charts.charts import Drawing
from vbench_lite.report.charts.lanes import stacked
from vbench_lite.results.stages import call_value, stage_seconds

COLORS = {
    "encode": "#009E73",
    "denoise": "#56B4E9",
    "decode": "#E69F00",
    "queue": "#8A8A8A",
    "download": "#CC79A7",
    "other": "#BBBBBB",
}
READING = (
    "The warm call of each generator nearest to its latency. Its stages add up to what it took; other "
    "is what no phase names. A frame rate with everything counts the whole call, one without decode leaves "
    "out the seconds in which latents become pixels: published rates often do."
)
_RATES = {
    "with everything": "speed/frames_per_s",
    "without decode": "speed/frames_per_s_without_decode",
}


def seconds(calls: Sequence[Measurement]) -> pd.DataFrame:
    """generator, stage, start, end, share of the call (0..1); generators that name no phase are left out.

    Args:
        calls: one of each generator, as `traces.typical_calls` picks them.
    """
    rows = []
    for call in calls:
        start_s = 0.0
        for stage, found in stage_seconds(call).items():
            if found:
                rows.append((call.generator, stage, start_s, start_s + found, found / call.total_s))
                start_s += found
    return pd.DataFrame(rows, columns=["generator", "stage", "start", "end", "share"])


def table(calls: Sequence[Measurement]) -> pd.DataFrame:
    """generator, latency, each stage with its share, and both frame rates, as text."""
    rows = []
    for call in calls:
        parts = stage_seconds(call)
        if not any(parts.values()):
            continue
        cells = {"generator": call.generator, "latency": number(call.total_s, "s")}
        for name, found in parts.items():
            cells[name] = NONE if found is None else f"{number(found, 's')} ({percent(found / call.total_s)})"
        for name, metric in _RATES.items():
            cells[f"frames/s {name}"] = number(call_value(metric, call))
        rows.append(cells)
    found_table = pd.DataFrame(rows)
    return found_table.loc[:, [name for name in found_table if set(found_table[name]) != {NONE}]]


def drawing(frame: pd.DataFrame) -> Drawing:
    """Stacked bars of `seconds`, one lane a generator."""
    present = {stage: color for stage, color in COLORS.items() if stage in set(frame["stage"])}
    labelled = frame.assign(text=frame["share"].map(percent))
    told = alt.Tooltip("share:Q", format=".0%")
    return stacked(labelled, "stage", present, "seconds of a call", told)
