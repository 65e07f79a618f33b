"""What to take: a use, limits and weights, and the answer with its probability, or that it cannot be told."""

from __future__ import annotations

import streamlit as st

from vbench_lite.advise import use_names
from vbench_lite.dashboard import cached, data, frame
from vbench_lite.dashboard.wish import Wish
from vbench_lite.report.charts import advice, charts, curves
from vbench_lite.report.charts.style import AXES, plain

NO_USE, NO_LIMIT = "none", "no limit"
_TIMES = [NO_LIMIT, "50 ms", "100 ms", "250 ms", "500 ms", "1 s", "2 s", "5 s", "10 s", "1 min", "10 min"]
_MEMORY = [NO_LIMIT, "64 MB", "256 MB", "1 GB", "4 GB", "8 GB", "16 GB", "24 GB", "48 GB", "80 GB"]
_PACE = [NO_LIMIT, "0.1", "0.25", "0.5", "1", "2", "4", "8", "16", "32"]
_SHARES = [NO_LIMIT, "0.5", "0.6", "0.7", "0.8", "0.9", "0.95"]
# key in the address: (what it says, quantity, side, choices)
LIMITS = {
    "first_frame": ("First frame within", "speed/time_to_first_frame_s", "<=", _TIMES),
    "latency": ("Whole clip within", "speed/latency_s", "<=", _TIMES),
    "pace": ("At least × real time", "speed/real_time_factor", ">=", _PACE),
    "memory": ("Peak memory at most", "memory/peak_bytes", "<=", _MEMORY),
    "quality": ("Quality at least", "quality", ">=", _SHARES),
    "coherence": ("Coherence at least", "coherence", ">=", _SHARES),
}


def _draw(run: data.RunSummary) -> None:
    suite = frame.suite_choice(run)
    tag = frame.tag_choice([run.run_id])
    board = cached.board([run.run_id], suite, tag)
    if not board.measures():
        st.info("Nothing has been scored yet.")
        return
    use = st.selectbox(
        "Use",
        [NO_USE, *use_names()],
        key="use",
        bind="query-params",
        help="A named use brings limits and weights; both can be changed below.",
    )
    named = None if use == NO_USE else use
    if named is not None:
        with st.expander("What this use asks for, and why"):
            frame.table(advice.use_reasons(named), "reasons", "limits, weights", whole=True)
    verdict = st.container()  # above the sliders, so that it is seen while they move
    limits = _limits(named, board.measures())
    weights = _weights(named, board.axes)
    price = st.number_input(
        "Price of the machine for an hour (any currency)",
        min_value=0.0,
        value=0.0,
        key="price",
        bind="query-params",
        help="With it, cost_per_clip can be limited.",
    )
    if not board.axes and not limits:
        verdict.info("This suite has no axes to weigh. Set a limit, or see each metric on the leaderboard.")
        return
    if not board.axes:  # what the use weighs is not here; its limits are in the sliders
        named = None
    wish = Wish(named, limits, weights, price or None, slid=_slid(board.measures()))
    found = cached.advised([run.run_id], suite, wish, tag)
    with verdict:
        _verdict(found)
    _details(found)


def _slid(measured: list[str]) -> tuple[str, ...]:
    """The quantities that have a slider: it holds the use's limit, which the reader may move."""
    return tuple(quantity for _, quantity, _, _ in LIMITS.values() if quantity in measured)


def _limits(use: str | None, measured: list[str]) -> tuple[str, ...]:
    """The limits that hold; each use has sliders of its own, which start at the use's limits."""
    st.subheader("Limits")
    st.caption("A generator must meet these; one whose interval straddles a limit only may meet it.")
    found = []
    asked = {key: limit for key, limit in LIMITS.items() if limit[1] in measured}
    start = advice.use_limits(use) if use is not None else {}
    places = frame.cells(len(asked), 3)
    for (key, (title, quantity, side, choices)), cell in zip(asked.items(), places, strict=True):
        own = start.get((quantity, side), NO_LIMIT)
        choices = advice.with_choice(choices, own, NO_LIMIT)
        with cell:
            chosen = st.select_slider(
                title,
                choices,
                value=own,
                key=key if use is None else f"{use}_{key}",
                bind="query-params",
            )
        if chosen != NO_LIMIT:
            found.append(f"{quantity} {side} {chosen}")
    more = st.text_input(
        "Further limits, separated by ;",
        key="limits",
        bind="query-params",
        placeholder="coverage >= 0.95; speed/stalls <= 0",
        help="Any metric, axis, coverage, clip_seconds or cost_per_clip, with <= or >=.",
    )
    return (*found, *(part.strip() for part in more.split(";") if part.strip()))


def _weights(use: str | None, axes: list[str]) -> tuple[tuple[str, float], ...]:
    """The weights that count; each use has sliders of its own, which start at the use's weights."""
    st.subheader("Weights")
    st.caption(
        "How much each axis counts. For speed and memory, several doublings are worth one whole way from a "
        "control without content to real clips."
    )
    start = advice.use_weights(use) if use is not None else {}
    weights = []
    for axis, cell in zip(axes, frame.cells(len(axes), 4), strict=True):
        with cell:
            value = st.slider(
                axis,
                0.0,
                5.0,
                start.get(axis, 0.0),
                step=0.5,
                format="%.1f",
                key=f"w_{axis}" if use is None else f"w_{use}_{axis}",
                bind="query-params",
                help=AXES.get(axis),
            )
        weights.append((axis, value))
    if not any(weight for _, weight in weights):
        if use is not None:
            st.info("All weights are 0, so the use's own weights count.")
        return ()
    return tuple(weights)


def _verdict(found: advice.Answer) -> None:
    st.subheader("Answer")
    show = st.success if found.verdict == "take" else st.warning
    show(f"**{plain(found.headline[:1].upper() + found.headline[1:])}**")
    st.markdown(plain(found.words))
    for axis, reason in found.left_out.items():
        st.caption(plain(f"{axis} does not count here: {reason}."))


def _details(found: advice.Answer) -> None:
    st.subheader("Shortlist")
    if not found.totals.empty:
        said = ", ".join(f"{axis} × {weight:g}" for axis, weight in found.weights.items())
        frame.chart(
            charts.intervals(found.totals, "weighted total"),
            found.totals,
            "Weighted total of each candidate with its 95% interval; the table holds the same values",
            "totals",
        )
        st.caption(plain(f"The total is the weighted mean of {said}. Bars are 95% intervals."))
    frame.table(
        found.shortlist,
        "shortlist",
        "every generator: place, total, chances, limits, and why one is not ranked",
        whole=True,
        config={
            "generator": st.column_config.TextColumn("generator", pinned=True),
            "total": st.column_config.NumberColumn("total", format="%.3f"),
            "best": st.column_config.TextColumn("best", help="Probability of having the largest total."),
            "on the front": st.column_config.TextColumn(
                "on the front", help="Probability of being on the Pareto front of the axes that count."
            ),
        },
    )
    if not found.limits.empty:
        st.subheader("Limits, one by one")
        frame.table(found.limits, "checks", "each limit held against each", whole=True)
    if not found.decided.empty:
        first, second = found.decided[["leader", "next"]].iloc[0]
        st.subheader("What decided")
        frame.chart(
            curves.parts(found.decided),
            found.decided,
            f"What each axis adds to the total of {first} over that of {second}; the table has the values",
            "decided",
        )
        st.caption(plain(f"To the right: what speaks for {first}; to the left: what speaks for {second}."))
    st.subheader("Common beliefs")
    st.caption("They hold for these generators; with one of each family it is one example.")
    for belief, verdict, words in found.beliefs.itertuples(index=False, name=None):
        st.markdown(f"- **{plain(belief)}**: {plain(verdict)}. {plain(words)}")
    if found.notes:
        st.warning("\n".join(f"- {plain(note)}" for note in found.notes))


frame.page("Advisor", "Which generator to take, under which limits, and how sure that is.", _draw)
