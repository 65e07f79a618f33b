"""Runs as points on a line of time, one line a suite, named baselines marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from vbench_lite.format import moment
from vbench_lite.report.charts.charts import Drawing
from vbench_lite.store import run_names
from vbench_lite.store.schema import RunDocument

COLUMNS = ("run", "title", "suite", "made", "created", "kind", "mark")
BASELINE = "baseline"
_KINDS = {BASELINE: ("#D55E00", "diamond"), "finished": ("#0072B2", "circle"),
          "running": ("#009E73", "triangle-up"), "interrupted": ("#8A8A8A", "cross")}  # fmt: skip


def rows(runs: Sequence[RunDocument], baselines: Mapping[str, str]) -> pd.DataFrame:
    """One row for each run and suite that it was asked for, newest first; `mark` is the baseline that it is.

    Args:
        baselines: run ids by the name of the baseline.
    """
    names: dict[str, str] = {}
    for name, run_id in baselines.items():
        names[run_id] = f"{names[run_id]}, {name}" if run_id in names else name
    found = [
        (
            document.run_id,
            run_names.title(document),
            str(suite["name"]),
            moment(document.created),
            document.created,
            BASELINE if document.run_id in names else document.status,
            names.get(document.run_id, ""),
        )
        for document in runs
        for suite in document.suites
        if not any(suite["name"] in other.get("also", ()) for other in document.suites)
    ]
    return pd.DataFrame(found, columns=list(COLUMNS))


def drawing(frame: pd.DataFrame) -> Drawing:
    """The runs of `rows`; a point says on demand which run it is."""
    here = [kind for kind in _KINDS if kind in set(frame["kind"])]
    legend = alt.Legend(orient="bottom", title=None)
    colour = alt.Scale(domain=here, range=[_KINDS[kind][0] for kind in here])
    shape = alt.Scale(domain=here, range=[_KINDS[kind][1] for kind in here])
    times = alt.Axis(format="%d %b %H:%M", tickCount=6, labelOverlap=True)
    suites = alt.Axis(labelLimit=170, labelFlush=False, ticks=False, domain=False, grid=True)
    base = alt.Chart(frame).encode(
        alt.X("created:T", title="made, UTC", scale=alt.Scale(type="utc", padding=24), axis=times),
        alt.Y("suite:N", title=None, axis=suites),
    )
    return alt.layer(
        base.mark_point(filled=True, size=150, opacity=1).encode(
            alt.Color("kind:N", scale=colour, legend=legend),
            alt.Shape("kind:N", scale=shape, legend=legend),
            tooltip=["title:N", "made:N", "kind:N"],
        ),
        base.mark_text(dy=-15).encode(alt.Text("mark:N")),
    ).properties(height=alt.Step(56))
