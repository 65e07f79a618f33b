"""What the pages share on the screen: the chosen run, the form of a page, charts with their tables.

Text from runs goes through `style.plain` wherever Streamlit renders Markdown.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any, Literal

import pandas as pd
import streamlit as st
from markupsafe import Markup
from streamlit.delta_generator import DeltaGenerator

from vbench_lite.advise.card import Card
from vbench_lite.dashboard import cached, data, server
from vbench_lite.dashboard.pages import PAGES, page_named
from vbench_lite.errors import StoreError, VBenchLiteError
from vbench_lite.format import moment, plural, shorten
from vbench_lite.report.charts import charts
from vbench_lite.report.charts.chart_config import chart_config
from vbench_lite.report.charts.style import plain
from vbench_lite.report.html import markup as parts
from vbench_lite.votes.review import AxisVotes

LATEST = "latest"
_POLL_S = 3.0
_ALL = "all prompts"
_SHORT_TEXT = 24  # letters, of a column that need not be as wide as the browser likes
_LETTER_PX, _CELL_PX = 6.5, 20  # of a letter, and of the space around a text


def sidebar() -> None:
    """Draw what every page has at its side: the pages, which run is looked at, where the results lie."""
    with st.sidebar:
        for section, pages in groupby(PAGES, key=lambda page: page.section):
            st.caption(section)
            with st.container(gap="xsmall"):
                for entry in pages:
                    st.page_link(str(entry.file), label=entry.title, icon=entry.icon)
        try:
            runs = cached.index().runs
        except VBenchLiteError:
            runs = ()
        if runs:
            titles = {run.run_id: run.title for run in runs}
            run_choice(
                "Run",
                [LATEST, *titles],
                titles,
                key="run",
                help="What the pages show. `latest` is the newest finished run of the broadest suite.",
            )
            chosen = chosen_run()
            if chosen is not None:
                st.caption(
                    f"{plain(chosen.title)}: {plain(chosen.status)}, {plain(moment(chosen.created))} UTC, "
                    f"id {plain(chosen.run_id[:12])}"
                )
            going = [run for run in runs if run.status == "running"]
            if going:
                st.page_link(
                    str(page_named("live").file),
                    label=f"{plural(len(going), 'run')} going: {plain(going[0].title)}",
                    icon=":material/pending:",
                    query_params={"run": going[0].run_id},
                )
        st.caption(f"Results in {plain(cached.root())}")


def chosen_run() -> data.RunSummary | None:
    """The run chosen at the side, `latest` by default; None when there is none."""
    index = cached.index()
    wanted = st.session_state.get("run", LATEST)
    wanted = index.latest if wanted == LATEST else wanted
    return next((run for run in index.runs if run.run_id == wanted), None)


def is_chosen() -> bool:
    """Whether a run is chosen at the side, and not `latest`."""
    return bool(st.session_state.get("run", LATEST) != LATEST)


def run_choice(label: str, ids: list[str], titles: Mapping[str, str], key: str, help: str) -> str:
    """Let the reader pick a run by its title; the address holds its id, and the first one is the default.

    Streamlit's own binding would put titles into the address, which may be equal, and would drop an id
    that is not there in silence; `missing` has such a one.
    """
    asked = st.query_params.get(key)
    if key not in st.session_state:
        if asked is not None and asked not in ids:
            st.session_state["missing"] = asked
        st.session_state[key] = asked if asked in ids else ids[0]
    elif st.session_state[key] not in ids:
        st.session_state[key] = ids[0]
    chosen = str(
        st.selectbox(
            label,
            ids,
            key=key,
            help=help,
            format_func=lambda run_id: titles.get(run_id, run_id),
            on_change=_found,
        )
    )
    if chosen != ids[0]:
        st.query_params[key] = chosen
    elif st.session_state.get("missing") is None:
        st.query_params.pop(key, None)
    return chosen


def _found() -> None:
    """The reader has chosen a run that is there."""
    st.session_state["missing"] = None


def page(title: str, purpose: str, body: Callable[[data.RunSummary], None]) -> None:
    """Draw a page: its title, what it answers, and `body` with the chosen run.

    Where there is no run, the page says how to make one; what the package raises on purpose is shown as
    one line.
    """

    def of_run() -> None:
        gone = st.session_state.get("missing")
        if gone is not None:
            st.error(f"Run {plain(shorten(str(gone), 80))} is not here: pruned, renamed or mistyped.")
            st.button("Show the latest run", on_click=_found)
            return
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

    static(title, purpose, of_run)


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
    command("vbench-lite run")
    st.markdown("This page shows it as soon as it starts.")
    st.fragment(_until_there_is_one, run_every=_POLL_S)()


def typed(text: str) -> None:
    """Show what a reader types or writes into a file, to copy; on a phone its lines are folded."""
    st.code(text, language=None, wrap_lines=True)


def command(line: str) -> None:
    """Show a command that works on the results shown here, to copy."""
    typed(f"{line} --root {shlex.quote(str(cached.root()))}")


def _until_there_is_one() -> None:
    if cached.index().runs:
        st.rerun()


def card(found: Card) -> None:
    """Draw the answer card."""
    markup(parts.card(found))


def markup(made: Markup) -> None:
    """Draw what `report.html.markup` made, in its look."""
    ground = server.GROUND[st.context.theme.type or "light"]  # what lies over a table that is scrolled
    st.html(f"<style>{parts.pieces_stylesheet()} .board {{ --ground: {ground}; }}</style>{made}")


def draw(drawing: charts.Drawing, *, alt: str, key: str) -> None:
    """Draw a chart with a description, its text in the colours of the reader's theme."""
    dark = st.context.theme.type == "dark"
    st.altair_chart(drawing.configure(**chart_config(dark)), width="stretch", alt=alt, key=key)


def chart(
    drawing: charts.Drawing,
    rows: pd.DataFrame,
    alt_text: str,
    key: str,
) -> None:
    """Draw a chart with a description, and the same data as a table below it."""
    draw(drawing, alt=alt_text, key=f"chart_{key}")
    with st.expander("The same data as a table"):
        table(rows, f"table_{key}", alt_text)


def table(
    rows: pd.DataFrame, key: str, alt: str, *, whole: bool = False, config: dict[str, Any] | None = None
) -> None:
    """Draw a table with a description.

    Args:
        whole: show every row, however many there are.
        config: of its columns, as Streamlit takes it.
    """
    height: Literal["auto", "content"] = "content" if whole else "auto"
    columns = {**_wide_enough(rows), **(config or {})}
    st.dataframe(rows, hide_index=True, height=height, key=key, column_config=columns, alt=alt)


def _wide_enough(rows: pd.DataFrame) -> dict[str, Any]:
    """Widths of the columns of short texts that a browser would cut.

    It goes by the first ten rows, without those that are twice as long as their mean.
    """
    widths = {}
    for name in map(str, rows.select_dtypes(exclude="number")):
        lengths = rows[name].astype(str).str.len()
        first = lengths.head(10)
        usual = max(len(name), first[first <= 2 * first.mean()].max())
        if usual < lengths.max() <= _SHORT_TEXT:
            widths[name] = st.column_config.Column(width=round(_CELL_PX + _LETTER_PX * lengths.max()))
    return widths


def cells(count: int, across: int) -> list[DeltaGenerator]:
    """Places in rows of so many, row by row: the order in which a phone shows them too."""
    return [cell for _ in range(0, count, across) for cell in st.columns(across)][:count]


def votes_of(run: data.RunSummary, suite: str | None) -> list[AxisVotes]:
    """What votes on a run's clips say; where there are none, says how to collect some."""
    try:
        found = cached.votes(run, suite)
    except StoreError as error:
        st.warning(plain(error))
        return []
    if not found:
        st.info("Nobody has voted on these clips. Votes say whom people prefer, and which metric to trust:")
        command(f"vbench-lite vote {run.run_id}")
    return found


def suite_choice(run: data.RunSummary) -> str | None:
    """Let the reader pick one suite where the run has several; None means the only one."""
    if len(run.suites) < 2:
        return run.suites[0] if run.suites else None
    return st.selectbox("Suite", run.suites, key="suite", bind="query-params")


def tag_choice(run_ids: list[str]) -> str | None:
    """Let the reader look at the prompts with one tag, where prompts have any; None means all prompts."""
    known = cached.tags(run_ids)
    if not known:
        return None
    chosen = st.selectbox(
        "Prompts",
        [_ALL, *known],
        key="tag",
        bind="query-params",
        help="Those with a tag alone. A value over a whole set of clips is not cut, and is left out.",
    )
    return None if chosen == _ALL else str(chosen)


def sweep_choice(run: data.RunSummary) -> str | None:
    """Let the reader pick one of the suites that vary a size, where there are several; None without any."""
    if len(run.swept) < 2:
        return run.swept[0] if run.swept else None
    return st.selectbox("Suite", run.swept, key="swept", bind="query-params")
