"""Courses within clips laid out for a chart and a table: how a value goes with time, with its band."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from vbench_lite.results.time_series import Course

COLUMNS = ("generator", "family", "control", "time", "value", "low", "high", "n")


def metrics(courses: Sequence[Course]) -> list[str]:
    """Metrics that have a course, in the order of the run."""
    return list(dict.fromkeys(course.metric for course in courses))


def table(courses: Sequence[Course], metric: str, families: dict[str, str]) -> pd.DataFrame:
    """The courses of a metric, generators first: columns COLUMNS; time in seconds, n clips.

    Args:
        families: by label.
    """
    rows = [
        (c.generator, families.get(c.generator, "unknown"), c.control, p.time_s, p.value, p.low, p.high, p.n)
        for c in courses
        if c.metric == metric
        for p in c.points
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame[["low", "high"]] = frame[["low", "high"]].astype(float)
    return frame.sort_values("control", kind="stable").reset_index(drop=True)
