"""Home: the answer, and the clips themselves, prompts down and generators across."""

from __future__ import annotations

from urllib.parse import quote

import streamlit as st

from vbench_lite.dashboard import cached, data, frame, wall
from vbench_lite.dashboard.pages import page_named
from vbench_lite.report.charts import gallery
from vbench_lite.report.charts.style import plain
from vbench_lite.results.arms import control_of

_PROMPTS = 6  # of one page of the wall
_SCALE = (
    "Scores: 0 is a control without content, 1 is what real clips score; "
    "± is the wider side of the 95% interval."
)


def _draw(run: data.RunSummary) -> None:
    suite = frame.suite_choice(run)
    alone = len(run.generators) == 1 and len(cached.index().runs) > 1
    beside = cached.shown_together(run, suite) if alone else [run.run_id]
    frame.card(cached.card(beside, suite))
    if suite is not None and cached.asked(run, suite).axes:
        st.caption(_SCALE)
    if alone:
        address = f"{page_named('compare').path}?run={quote(run.run_id)}"
        others = "one generator alone, which is first at nothing" if beside == [run.run_id] else "an update"
        st.markdown(f"{plain(run.title)} is {others}: [compare it with an earlier run]({address}).")
    _wall(run, suite)
    _latest(run)


def _wall(run: data.RunSummary, suite: str | None) -> None:
    samples, scores = cached.samples(run, suite)
    if samples.empty:
        st.info("No sample of this run has been made yet.")
        return
    arms = list(dict.fromkeys(samples["generator"]))
    controls = [arm for arm in arms if control_of(arm, None) is not None]
    real = [arm for arm in controls if gallery.is_real(arm)]
    generators = [arm for arm in arms if arm not in controls]
    metrics = sorted(set(scores["metric"]))
    left, middle, right = st.columns([2, 1, 1], vertical_alignment="bottom")
    with left:
        orders = [wall.AS_ASKED, wall.DIFFERENT, wall.FAILED, *metrics]
        order = st.selectbox(
            "Prompts in order", orders, key="order", bind="query-params", help="Of a metric: the worst first."
        )
    with middle:
        floors = st.checkbox("all controls", key="floors", bind="query-params")
    across = [*real, *generators, *([arm for arm in controls if arm not in real] if floors else [])]
    found = wall.ordered(wall.lines(samples, scores, across), order, scores, generators)
    pages = max(1, -(-len(found) // _PROMPTS))
    with right:
        page = (
            int(st.number_input(f"Page of {pages}", 1, pages, 1, key="page", bind="query-params"))
            if pages > 1
            else 1
        )
    shown = found[(page - 1) * _PROMPTS : page * _PROMPTS]
    link = f"{page_named('clips').path}?run={quote(run.run_id)}" + (f"&suite={quote(suite)}" if suite else "")
    wall.show(cached.wall(shown, link))
    st.caption(
        "All clips loop on one clock. Point at one for its scores, press it to open the player; arrow keys "
        "go from clip to clip. A dashed card is a request without a clip, with the reason."
    )


def _latest(run: data.RunSummary) -> None:
    others = [other for other in cached.index().runs if other.run_id != run.run_id][:5]
    if not others:
        return
    st.subheader("Other runs")
    for other in others:
        link = f"[{plain(other.title)}](?run={quote(other.run_id)})"
        st.markdown(f"- {link}, {plain(other.status)}")


frame.page("Overview", "Who is best at what, and what it looks like.", _draw)
