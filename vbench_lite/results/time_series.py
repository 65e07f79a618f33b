"""How a value goes with time within clips: the mean over clips at each time, with its interval.

Metrics that follow a clip keep a series with each score: pairs of seconds and value (column `series`).
Here the series of a generator's clips become one time series. A clip counts at the times that it has; the
interval at a time is that of a mean of clips that cluster by prompt (`stats.means`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vbench_lite.results.arms import Run, control_of
from vbench_lite.stats.means import mean_estimate
from vbench_lite.store.columns import filled, texts
from vbench_lite.store.schema import Level, ScoreStatus

_STEP_S = 1e-6  # times closer than this are one time: they come from the same grid, rounded differently


@dataclass(frozen=True)
class Point:
    """The mean at one time. low, high: its 95% interval, or None where one prompt says nothing of it."""

    time_s: float
    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class TimeSeries:
    """The time series of one metric for one generator or control, in order of time."""

    metric: str
    generator: str
    control: bool
    points: tuple[Point, ...]


def time_series(run: Run, suite: str | None = None) -> list[TimeSeries]:
    """Every time series of a run, in the order of its metrics and generators; empty where no metric has one.

    Args:
        suite: its name; None takes the rows of every suite.
    """
    found: dict[tuple[str, str], dict[int, list[tuple[float, str]]]] = {}
    table = run.table("score", ("status", "prompt_id", "series"))
    names = ("generator", "suite", "level", "metric", "status", "prompt_id")
    columns = {name: texts(table, name) for name in names}
    here = filled(table, "series")
    here &= columns["level"].among(Level.SAMPLE) & columns["status"].among(ScoreStatus.OK)
    if suite is not None:
        here &= columns["suite"].among(suite)
    places = np.flatnonzero(here)
    rows = (columns[name].of(places) for name in ("metric", "generator", "prompt_id"))
    series = (table.column("series")[place].as_py() for place in places.tolist())
    for metric, generator, prompt, points in zip(*rows, series, strict=True):
        grid = found.setdefault((metric, generator), {})
        for time_s, value in points:
            grid.setdefault(round(time_s / _STEP_S), []).append((float(value), prompt))
    families = {e.label: str(e.info.get("family", "unknown")) for e in run.document().generators}
    return [
        TimeSeries(metric, label, control_of(label, families.get(label)) is not None, tuple(_points(grid)))
        for (metric, label), grid in found.items()
        if grid
    ]


def _points(grid: Mapping[int, Sequence[tuple[float, str]]]) -> Iterator[Point]:
    for step in sorted(grid):
        values, prompts = zip(*grid[step], strict=True)
        mean = mean_estimate(values, prompts)
        yield Point(step * _STEP_S, mean.value, mean.low, mean.high, len(values))
