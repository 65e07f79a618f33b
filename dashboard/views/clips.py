"""What it looks like: the same prompt and seed from several generators and the real clip, under one clock."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from vbench_lite.dashboard import cached, data, frame, player
from vbench_lite.format import number
from vbench_lite.report.charts import gallery
from vbench_lite.report.charts.style import plain
from vbench_lite.results.catalogue import metric_facts

_DRAWN = 4
_GENERATORS = "all generators"


def _draw(run: data.RunSummary) -> None:
    suite = frame.suite_choice(run)
    tag = frame.tag_choice([run.run_id])
    samples, scores = cached.clips(run, suite)
    if tag is not None:
        kept = cached.tagged(run.run_id, tag)
        samples = samples[samples["prompt_id"].isin(kept)]
        scores = scores[scores["sample_id"].isin(samples["sample_id"])]
    if samples.empty:
        st.info("No sample of this run has a clip yet.")
        return
    prompts = gallery.prompts(samples)
    labels = gallery.labels(prompts)
    metrics = sorted(set(scores["metric"]))
    _extremes(samples, scores, metrics, labels, run.generators)
    chosen = st.selectbox("Prompt and seed", list(labels.values()), key="sample", bind="query-params")
    sample_id = next(key for key, label in labels.items() if label == chosen)
    here = samples[samples["sample_id"] == sample_id]
    arms = list(here["generator"])
    left, right = st.columns([3, 1])
    with left:
        shown = st.multiselect(
            "Clips of",
            arms,
            default=gallery.first_shown(arms, run.generators, _DRAWN),
            key="arms",
            bind="query-params",
            max_selections=player.MAX_CLIPS,
        )
    with right:
        difference = st.checkbox(
            "difference of the first two",
            key="difference",
            bind="query-params",
            help="Absolute difference of the compressed previews, four times as bright.",
        )
    if not shown:
        st.info("Choose at least one arm.")
        return
    st.caption(plain(prompts[sample_id][0]))
    told = cached.look_for(run).get(str(here["prompt_id"].iloc[0]), "")
    for line in gallery.remarks(here[here["generator"].isin(shown)], told):
        st.caption(plain(line))
    asked, _ = cached.samples(run, suite)
    for line in gallery.without_clip(asked[asked["sample_id"] == sample_id]):
        st.caption(plain(line))
    player.show(_clips(here, scores, shown), difference=difference and len(shown) > 1)
    _table(scores, sample_id, shown)


def _clips(here: pd.DataFrame, scores: pd.DataFrame, shown: list[str]) -> list[player.PlayerClip]:
    """The chosen clips, in the order in which they were chosen."""
    by_arm = {str(row["generator"]): row for row in here.to_dict("records")}
    return [
        cached.clip(
            str(by_arm[arm]["clip_sha256"]),
            arm,
            f"seed {by_arm[arm]['seed']}",
            tuple(gallery.score_lines(scores, arm, str(by_arm[arm]["sample_id"]))),
        )
        for arm in shown
    ]


def _table(scores: pd.DataFrame, sample_id: str, shown: list[str]) -> None:
    rows = scores[(scores["sample_id"] == sample_id) & scores["generator"].isin(shown)]
    if rows.empty:
        return
    wide = rows.pivot_table(index="metric", columns="generator", values="value", sort=False)
    with st.expander("Scores of these clips as a table"):
        frame.table(wide.reset_index(), "clip_scores", "scores of the shown clips")


def _extremes(
    samples: pd.DataFrame,
    scores: pd.DataFrame,
    metrics: list[str],
    labels: dict[str, str],
    generators: tuple[str, ...],
) -> None:
    if not metrics:
        return
    with st.expander("Find the worst and the best by a metric", expanded=False):
        left, middle, right = st.columns([2, 2, 1])
        with left:
            metric = st.selectbox("Metric", metrics, key="by", bind="query-params")
        with middle:
            arms = list(dict.fromkeys(samples["generator"]))
            of = st.selectbox("Of", [_GENERATORS, *arms], key="of", bind="query-params")
        with right:
            order = st.selectbox("First", ["worst", "best"], key="order", bind="query-params")
        # Controls only where they are asked for: the worst of all is noise, which says nothing.
        whose = generators if of == _GENERATORS else (str(of),)
        found = gallery.extremes(samples, scores, metric, whose, order == "worst")
        unit = metric_facts(metric, {}).unit
        table = pd.DataFrame(
            {
                "value": [number(v, unit) for v in found["value"]],
                "generator": list(found["generator"]),
                "prompt and seed": [labels.get(str(s), "") for s in found["sample_id"]],
            }
        ).head(50)
        picked = st.dataframe(
            table,
            hide_index=True,
            key="extremes",
            on_select="rerun",
            selection_mode="single-row",
            alt=f"clips by {metric}, {order} first",
        )
        st.caption("Choose a row and press the button to see the clip beside the others of its prompt.")
        rows = picked["selection"]["rows"]
        real = [arm for arm in dict.fromkeys(samples["generator"]) if gallery.is_real(str(arm))]
        st.button("Show this clip", disabled=not rows, on_click=_open, args=(table, rows, real), key="open")


def _open(table: pd.DataFrame, rows: list[int], real: list[str]) -> None:
    """Choose the sample of a row of the table; runs before the page is drawn again."""
    st.session_state["sample"] = str(table["prompt and seed"].iloc[rows[0]])
    st.session_state["arms"] = list(dict.fromkeys([str(table["generator"].iloc[rows[0]]), *real]))


frame.page("Clips", "What it looks like, side by side under one clock.", _draw)
