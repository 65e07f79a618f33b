"""Who is better at what, and how sure are we: axis scores with intervals, ranks as intervals, metrics."""

from __future__ import annotations

from typing import Any

import streamlit as st

from vbench_lite.dashboard import data, frame
from vbench_lite.report.panels import boards, charts
from vbench_lite.report.panels.theme import AXES, FAMILIES, family_title, plain


def _draw(run: data.RunSummary) -> None:
    suite = frame.suite_choice(run)
    every = st.checkbox(
        "with the newest row of every other run under the same protocol", key="every", bind="query-params"
    )
    ids = [run.run_id]
    if every:
        ids += [r.run_id for r in frame.index().runs if r.run_id != run.run_id and suite in r.suites]
    board = frame.board(ids, suite)
    board = boards.only(board, _filtered(run, board))
    if board.arms[~board.arms["control"]].empty:
        st.info("No generator fits the filters.")
        return
    if board.scored.empty:
        st.info("Nothing has been scored yet.")
        return
    _axes(board)
    _metrics(board)
    _weights(board)
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
    told = data.facts(frame.directory(run).document())
    left, middle, right = st.columns(3)
    families = {
        family_title(f): f for f in [*FAMILIES, *sorted(set(arms["family"]))] if f in set(arms["family"])
    }
    with left:
        family = st.multiselect(
            "Family", list(families), key="family", bind="query-params", placeholder="all"
        )
    picked: dict[str, list[str]] = {}
    for place, key in ((middle, "streaming"), (right, "licence")):
        options = sorted({told[g][key] for g in arms["generator"] if g in told})
        with place:
            picked[key] = st.multiselect(
                key.title(), options, key=key, bind="query-params", placeholder="all"
            )
    wanted = {families[title] for title in family}
    return [
        generator
        for generator, its_family in zip(arms["generator"], arms["family"], strict=True)
        if (not wanted or its_family in wanted)
        and all(not some or told.get(generator, {}).get(key) in some for key, some in picked.items())
    ]


def _axes(board: boards.BoardTable) -> None:
    st.subheader("Axis scores")
    st.caption(
        "0 is a control without content and 1 is real clips; for speed and memory 0 is the suite's "
        "reference and +1 is twice as good. Bars are 95% intervals. Generators that cannot be told "
        "apart share a rank."
    )
    columns = st.columns(2)
    drawn = [axis for axis in board.axes if len(boards.axis_rows(board, axis))]
    for place, axis in enumerate(drawn):
        with columns[place % 2]:
            st.markdown(f"**{plain(axis)}**", help=AXES.get(axis))
            st.altair_chart(
                charts.intervals(boards.axis_rows(board, axis), f"{axis} score"),
                width="stretch",
                key=f"axis_{axis}",
                alt=f"{axis} score of each generator with its 95% interval; the table holds the same values",
            )
    st.dataframe(
        boards.axis_table(board),
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
        "weight": st.column_config.TextColumn(
            "weight", help="Weight in the axis score; 0: shown, not counted."
        ),
    }
    st.dataframe(
        table, hide_index=True, key="metrics", column_config=config, alt=f"metrics of the axis {axis}"
    )


def _weights(board: boards.BoardTable) -> None:
    st.subheader("Own weights")
    st.caption(
        "There is no single best without a use. Say what matters to you; generators without full coverage "
        "have no total."
    )
    scored = [axis for axis in board.axes if len(boards.axis_rows(board, axis))]
    columns = st.columns(4)
    weights = {}
    for place, axis in enumerate(scored):
        with columns[place % 4]:
            weights[axis] = st.slider(
                axis, 0, 5, 0, key=f"w_{axis}", bind="query-params", help=AXES.get(axis)
            )
    total = boards.weighted(board, weights)
    if not any(weights.values()):
        st.info("All weights are 0: move one to see a weighted order.")
    elif total.empty:
        st.info("No generator has full coverage and a score on every axis with weight.")
    else:
        said = ", ".join(f"{axis} × {weight}" for axis, weight in weights.items() if weight)
        st.caption(f"Weighted mean of {said}. The order does not show uncertainty: see the intervals above.")
        st.dataframe(total, hide_index=True, key="total", alt="weighted totals, best first")


frame.page("Leaderboard", "Who is better at what, and how sure that is.", _draw)
