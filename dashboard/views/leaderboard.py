"""Who is better at what, and how sure are we: axis scores with intervals, ranks as intervals, metrics."""

from __future__ import annotations

from typing import Any

import streamlit as st

from vbench_lite.dashboard import cached, data, frame
from vbench_lite.errors import StoreError
from vbench_lite.report.charts import boards, charts
from vbench_lite.report.charts.style import AXES, FAMILIES, family_title, plain

_MEMORY = {
    "any": None,
    **{
        f"at most {n} {u}": n * f
        for u, f, sizes in (("MB", 1e6, (64, 256)), ("GB", 1e9, (1, 4, 8, 16, 24, 48, 80)))
        for n in sizes
    },
}
_AS_RUN, _BY_FAMILY = "as run", "family"


def _draw(run: data.RunSummary) -> None:
    suite = frame.suite_choice(run)
    every = st.checkbox(
        "with the newest row of every other run under the same protocol", key="every", bind="query-params"
    )
    ids = [run.run_id]
    if every:
        ids += [r.run_id for r in cached.index().runs if r.run_id != run.run_id and suite in r.suites]
    board = cached.board(ids, suite)
    board = boards.only(board, _filtered(run, board))
    if board.arms[~board.arms["control"]].empty:
        st.info("No generator fits the filters.")
        return
    if board.scored.empty:
        st.info("Nothing has been scored yet.")
        return
    _axes(board)
    _metrics(board)
    _weights(board, ids, suite)
    st.download_button(
        "Download all values (CSV)",
        board.values.to_csv(index=False).encode(),
        file_name=f"leaderboard-{run.run_id[:12]}.csv",
        mime="text/csv",
        key="download",
    )


def _filtered(run: data.RunSummary, board: boards.BoardTable) -> list[str]:
    """Labels of the generators that pass the filters which the reader set."""
    arms = board.arms[~board.arms["control"]]
    told = data.facts(cached.directory(run).document())
    mine = [told[g] for g in arms["generator"] if g in told]
    families = {
        family_title(f): f for f in [*FAMILIES, *sorted(set(arms["family"]))] if f in set(arms["family"])
    }
    tasks = sorted({task for facts in mine for task in facts["tasks"].split(", ")})
    options = {
        "family": list(families),
        "task": tasks,
        "streaming": sorted({facts["streaming"] for facts in mine}),
        "licence": sorted({facts["licence"] for facts in mine}),
    }
    columns = st.columns(5)
    picked: dict[str, list[str]] = {}
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
        licences=tuple(picked["licence"]),
        tasks=tuple(picked["task"]),
        most_bytes=_MEMORY[most],
    )
    return filters.passing(board, told)


def _axes(board: boards.BoardTable) -> None:
    st.subheader("Axis scores")
    st.caption(
        "0 is a control without content and 1 is real clips; for speed and memory 0 is the suite's "
        "reference and +1 is twice as good. Bars are 95% intervals. Generators that cannot be told "
        "apart share a rank."
    )
    drawn = [axis for axis in board.axes if len(boards.axis_rows(board, axis))]
    for axis, cell in zip(drawn, frame.cells(len(drawn), 2), strict=True):
        with cell:
            st.markdown(f"**{plain(axis)}**", help=AXES.get(axis))
            st.altair_chart(
                charts.intervals(boards.axis_rows(board, axis), f"{axis} score"),
                width="stretch",
                key=f"axis_{axis}",
                alt=f"{axis} score of each generator with its 95% interval; the table holds the same values",
            )
    order = st.selectbox(
        "Rows by",
        [_AS_RUN, _BY_FAMILY, *drawn],
        key="rows",
        bind="query-params",
        help="Best first by an axis.",
    )
    st.dataframe(
        boards.ordered(boards.axis_table(board), None if order == _AS_RUN else order),
        hide_index=True,
        key="axes",
        column_config=_axis_config(board),
        alt="axis scores, intervals, ranks and coverage of each generator",
    )
    if board.notes:
        st.warning("\n".join(f"- {plain(note)}" for note in board.notes))
    controls = boards.axis_table(board, controls=True)
    if not controls.empty:
        st.markdown(
            "**Controls**", help="No generators, never ranked: they say what the numbers mean on this data."
        )
        st.dataframe(
            controls, hide_index=True, key="controls_table", column_config=_axis_config(board), alt="controls"
        )


def _axis_config(board: boards.BoardTable) -> dict[str, Any]:
    config: dict[str, Any] = {
        "generator": st.column_config.TextColumn("generator", pinned=True),
        "coverage": st.column_config.NumberColumn(
            "coverage", format="percent", help="Samples that ended well; below 100% there is no rank."
        ),
    }
    for axis in board.axes:
        config[axis] = st.column_config.NumberColumn(axis, format="%.3f", help=AXES.get(axis))
        config[f"{axis} rank"] = st.column_config.TextColumn(
            f"{axis} rank", help="Best and worst place that the intervals allow."
        )
    return config


def _metrics(board: boards.BoardTable) -> None:
    st.subheader("Metrics")
    axis = st.segmented_control(
        "Axis", board.axes, default=board.axes[0], key="axis", bind="query-params", required=True
    )
    st.caption(AXES.get(str(axis), ""))
    gate = board.gates.get(str(axis))
    if gate is not None:
        st.caption(
            f"The score counts only as far as {plain(gate[0])} reaches {gate[1]:.0%} of what real clips have."
        )
    table = boards.metric_table(board, str(axis), boards.declared_axes(board))
    config = {
        "metric": st.column_config.TextColumn("metric", pinned=True),
        "meaning": st.column_config.TextColumn("meaning", help="From the metric's page; see the glossary."),
        "weight": st.column_config.TextColumn(
            "weight", help="Weight in the axis score; 0: shown, not counted."
        ),
    }
    st.dataframe(
        table, hide_index=True, key="metrics", column_config=config, alt=f"metrics of the axis {axis}"
    )


def _weights(board: boards.BoardTable, run_ids: list[str], suite: str | None) -> None:
    st.subheader("Own weights")
    st.caption(
        "There is no single best without a use. Say what matters to you; generators without full coverage "
        "have no total. The advisor takes limits and named uses too."
    )
    scored = [axis for axis in board.axes if len(boards.axis_rows(board, axis))]
    weights = {}
    for axis, cell in zip(scored, frame.cells(len(scored), 4), strict=True):
        with cell:
            weights[axis] = st.slider(
                axis, 0, 5, 0, key=f"w_{axis}", bind="query-params", help=AXES.get(axis)
            )
    if not any(weights.values()):
        st.info("All weights are 0: move one to see a weighted order.")
        return
    wish = cached.Wish(weights=tuple((axis, float(weight)) for axis, weight in weights.items()))
    try:
        found = cached.advised(run_ids, suite, wish)
    except StoreError as error:  # rows of several protocols, for one
        st.info(plain(error))
        return
    shown = set(board.arms["generator"])
    totals = found.totals[found.totals["generator"].isin(shown)]
    said = ", ".join(f"{axis} × {weight:g}" for axis, weight in found.weights.items())
    if totals.empty:
        st.info("No generator has full coverage and a score on every axis with weight.")
    else:
        frame.chart(
            charts.intervals(totals, "weighted total"),
            totals,
            "Weighted total of each generator with its 95% interval; the table holds the same values",
            "totals",
        )
        st.caption(plain(f"The total is the weighted mean of {said}. Bars are 95% intervals."))
    st.dataframe(
        found.shortlist[found.shortlist["generator"].isin(shown)],
        hide_index=True,
        height="content",
        key="total",
        column_config={
            "total": st.column_config.NumberColumn("total", format="%.3f"),
            "best": st.column_config.TextColumn("best", help="Probability of having the largest total."),
        },
        alt="weighted totals with intervals, places and the probability of being the best",
    )


frame.page("Leaderboard", "Who is better at what, and how sure that is.", _draw)
