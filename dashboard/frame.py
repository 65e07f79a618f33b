"""What the pages share on the screen: the chosen run, the form of a page, charts with their tables.

Text from runs goes through `style.plain` wherever Streamlit renders Markdown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from vbench_lite.dashboard import cached, data
from vbench_lite.errors import VBenchLiteError
from vbench_lite.report.charts import charts
from vbench_lite.report.charts.style import plain

LATEST = "latest"


def sidebar() -> None:
    """Draw what every page has at its side: which run is looked at, and where the results lie."""
    with st.sidebar:
        try:
            runs = cached.index().runs
        except VBenchLiteError:
            runs = ()
        if runs:
            st.selectbox(
                "Run",
                [LATEST, *(r.run_id for r in runs)],
                key="run",
                bind="query-params",
                help="The run that the pages show. `latest` follows the newest one.",
            )
            chosen = chosen_run()
            if chosen is not None:
                st.caption(
                    f"{plain(chosen.run_id)}: {plain(chosen.status)}, {plain(when(chosen.created))}, "
                    f"{len(chosen.generators)} generators, {chosen.samples} samples each"
                )
        st.caption(f"Results in {plain(cached.root())}")


def chosen_run() -> data.RunSummary | None:
    """The run chosen at the side; the newest one by default; None when there is none."""
    runs = cached.index().runs
    if not runs:
        return None
    wanted = st.session_state.get("run", LATEST)
    return next((r for r in runs if r.run_id == wanted), runs[0])


def page(title: str, purpose: str, body: Callable[[data.RunSummary], None]) -> None:
    """Draw a page: its title, what it answers, and `body` with the chosen run.

    Where there is no run, the page says how to make one; what the package raises on purpose is shown as
    one line.
    """
    st.title(title)
    st.caption(purpose)
    try:
        run = chosen_run()
        for reason in cached.index().damaged:
            st.warning(f"A run is left out: {plain(reason)}", icon=":material/broken_image:")
        if run is None:
            no_runs()
            return
        if run.status != "finished":
            st.info(
                f"This run is {plain(run.status)}: what is shown covers the part that is done.",
                icon=":material/pending:",
            )
        body(run)
    except VBenchLiteError as error:
        st.error(plain(error))


def static(title: str, purpose: str, body: Callable[[], None]) -> None:
    """Draw a page that needs no run."""
    st.title(title)
    st.caption(purpose)
    try:
        body()
    except VBenchLiteError as error:
        st.error(plain(error))


def no_runs() -> None:
    """Say that there is nothing yet and what makes it."""
    st.info("There are no runs here yet.", icon=":material/inbox:")
    st.markdown("Make one with the default benchmark (a few minutes on two CPU cores):")
    st.code(f"vbench-lite run --root {cached.root()}", language="sh")
    st.markdown("This page shows it as soon as it starts.")


def when(created: str) -> str:
    """A time of a run for people: minutes, UTC."""
    return created[:16].replace("T", " ") + " UTC" if len(created) >= 16 else created


def chart(
    drawing: charts.Drawing,
    table: pd.DataFrame,
    alt_text: str,
    key: str,
    config: dict[str, Any] | None = None,
) -> None:
    """Draw a chart with a description, and the same data as a table below it."""
    st.altair_chart(drawing, width="stretch", alt=alt_text, key=f"chart_{key}")
    with st.expander("The same data as a table"):
        st.dataframe(table, hide_index=True, key=f"table_{key}", column_config=config, alt=alt_text)


def cells(count: int, across: int) -> list[DeltaGenerator]:
    """Places in rows of so many, row by row: the order in which a phone shows them too."""
    return [cell for _ in range(0, count, across) for cell in st.columns(across)][:count]


def suite_choice(run: data.RunSummary) -> str | None:
    """Let the reader pick one suite where the run has several; None means the only one."""
    if len(run.suites) < 2:
        return run.suites[0] if run.suites else None
    return st.selectbox("Suite", run.suites, key="suite", bind="query-params")


def sweep_choice(run: data.RunSummary) -> str | None:
    """Let the reader pick one of the suites that vary a size, where there are several; None without any."""
    if len(run.swept) < 2:
        return run.swept[0] if run.swept else None
    return st.selectbox("Suite", run.swept, key="swept", bind="query-params")
