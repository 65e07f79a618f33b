"""Who is better at what, and how sure that is: one table, a row a generator, a column an axis."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from vbench_lite.advise import use_names
from vbench_lite.dashboard import cached, data, frame
from vbench_lite.dashboard.wish import Wish
from vbench_lite.errors import SpecError, StoreError
from vbench_lite.format import percent
from vbench_lite.report.charts import boards, charts, leaderboard
from vbench_lite.report.charts.rulers import axis_ruler
from vbench_lite.report.charts.style import AXES, FAMILIES, family_title, plain
from vbench_lite.report.html import markup

_MEMORY = {
    "any": None,
    **{
        f"at most {n} {u}": n * f
        for u, f, sizes in (("MB", 1e6, (64, 256)), ("GB", 1e9, (1, 4, 8, 16, 24, 48, 80)))
        for n in sizes
    },
}
_USE = "use: "


def _draw(run: data.RunSummary) -> None:
    line = st.container(horizontal=True)  # one line: the table is what the page is for
    with line:
        suite = frame.suite_choice(run)
        ids = cached.shown_together(run, suite)
        tag = frame.tag_choice(ids)
    board = cached.board(ids, suite, tag)
    kept = _filtered(run, board)
    shown = boards.only(board, kept)
    if shown.arms[~shown.arms["control"]].empty:
        st.info("No generator fits the filters.")
        return
    if board.scored.empty:
        st.info("Nothing has been scored yet.")
        return
    _table(ids, suite, kept, tag, line)
    if board.notes:
        st.warning("\n".join(f"- {plain(note)}" for note in board.notes))
    apart = boards.titled(shown, cached.built(ids, suite, tag).rows)
    _metrics(apart)
    _charts(apart)
    st.download_button(
        "Download all values (CSV)",
        shown.values.to_csv(index=False).encode(),
        file_name=f"leaderboard-{run.run_id[:12]}.csv",
        mime="text/csv",
        key="download",
    )


def _table(
    ids: list[str], suite: str | None, kept: list[str], tag: str | None, choice: DeltaGenerator
) -> None:
    """The table itself, sorted by an axis or by the total of a use, which is chosen in its own place."""
    built = cached.built(ids, suite, tag)
    names = leaderboard.columns(built)
    uses = use_names() if built.suite.axes else []
    orders = [*names, *(f"{_USE}{name}" for name in uses)]
    order = str(
        choice.selectbox(
            "Best first by",
            orders,
            key="rows",
            bind="query-params",
            help="An axis, or the weighted total of a named use, whose limits count too.",
        )
    )
    advice = None
    if order.startswith(_USE):
        try:
            advice = cached.advice_of(ids, suite, Wish(use=order.removeprefix(_USE)), tag)
        except (SpecError, StoreError) as error:  # rows of several protocols, for one
            st.info(plain(error))
    thumbs = cached.thumbnails(ids, suite)
    by = leaderboard.TOTAL if advice is not None else order
    for table in leaderboard.tables(built, by, thumbs=thumbs, advice=advice):
        labels = set(kept)
        table["rows"] = [row for row in table["rows"] if row["label"] in labels]
        frame.markup(markup.leaderboard(table))
    st.caption(leaderboard.READING if built.suite.axes else "A suite without axes: a column a metric.")


def _filtered(run: data.RunSummary, board: boards.BoardTable) -> list[str]:
    """Labels of the generators that pass the filters which the reader set."""
    arms = board.arms[~board.arms["control"]]
    told = {label: facts for id_ in set(arms["run"]) for label, facts in cached.facts(str(id_)).items()}
    mine = [told[g] for g in arms["generator"] if g in told]
    families = {
        family_title(f): f for f in [*FAMILIES, *sorted(set(arms["family"]))] if f in set(arms["family"])
    }
    options = {
        "family": list(families),
        "task": sorted({task for facts in mine for task in facts["tasks"].split(", ")}),
        "streaming": sorted({facts["streaming"] for facts in mine}),
        "license": sorted({facts["license"] for facts in mine}),
    }
    picked: dict[str, list[str]] = {}
    with st.expander("Filters"):
        columns = st.columns(5)
        for column, (key, choices) in zip(columns, options.items(), strict=False):
            with column:
                picked[key] = st.multiselect(
                    key.title(), choices, key=key, bind="query-params", placeholder="all"
                )
        with columns[4]:
            most = st.selectbox("Peak memory", list(_MEMORY), key="memory", bind="query-params")
    filters = data.Filters(
        families=tuple(families[title] for title in picked["family"]),
        streaming=tuple(picked["streaming"]),
        licenses=tuple(picked["license"]),
        tasks=tuple(picked["task"]),
        most_bytes=_MEMORY[most],
    )
    return filters.passing(board, told)


def _metrics(board: boards.BoardTable) -> None:
    """The metrics behind an axis; all of them where the suite has no axes."""
    st.subheader("Metrics")
    axis = None
    if board.axes:
        axis = str(
            st.segmented_control(
                "Axis", board.axes, default=board.axes[0], key="axis", bind="query-params", required=True
            )
        )
        st.caption(AXES.get(axis, ""))
        for metric, share in board.gates.get(axis, ()):
            st.caption(
                f"The score counts only as far as {plain(metric)} reaches {percent(share)} of what real "
                "clips have."
            )
    config = {
        "metric": st.column_config.TextColumn("metric", pinned=True),
        "meaning": st.column_config.TextColumn("meaning", help="From the metric's page; see the glossary."),
        "weight": st.column_config.TextColumn(
            "weight", help="Weight in the axis score; 0: shown, not counted."
        ),
    }
    frame.table(
        boards.metric_table(board, axis, boards.declared_axes(board)),
        "metrics",
        f"metrics of the axis {axis}" if axis else "metrics of the suite",
        config=config,
    )


def _charts(board: boards.BoardTable) -> None:
    drawn = [axis for axis in board.axes if len(boards.axis_rows(board, axis))]
    if not drawn:
        return
    st.subheader("Charts")
    for axis, cell in zip(drawn, frame.cells(len(drawn), 2), strict=True):
        with cell:
            st.markdown(f"**{plain(axis)}**", help=AXES.get(axis))
            rows = boards.axis_rows(board, axis)
            ruler = axis_ruler(axis, rows, published=axis in board.published)
            frame.draw(
                charts.intervals(rows, ruler.title, ruler),
                key=f"axis_{axis}",
                alt=f"{axis} score of each generator with its 95% interval; the table holds the same values",
            )


frame.page("Leaderboard", "Who is better at what, and how sure that is.", _draw)
