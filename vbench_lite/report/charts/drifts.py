"""Time series within clips laid out for a chart and a table: how a value goes with time, with its band."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from vbench_lite.results.time_series import TimeSeries

COLUMNS = ("generator", "family", "control", "time", "value", "low", "high", "n")


def metrics(found: Sequence[TimeSeries]) -> list[str]:
    """Metrics that have a time series, in the order of the run."""
    return list(dict.fromkeys(one.metric for one in found))


def table(found: Sequence[TimeSeries], metric: str, families: dict[str, str]) -> pd.DataFrame:
    """The time series of a metric, generators first: columns COLUMNS; time in seconds, n clips.

    Args:
        families: by label.
    """
    rows = [
        (c.generator, families.get(c.generator, "unknown"), c.control, p.time_s, p.value, p.low, p.high, p.n)
        for c in found
        if c.metric == metric
        for p in c.points
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame[["low", "high"]] = frame[["low", "high"]].astype(float)
    return frame.sort_values("control", kind="stable").reset_index(drop=True)
