"""Which metrics can be believed on this data: what the controls score, and what they give away."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from vbench_lite import registry
from vbench_lite.dashboard import cached, data, frame, player
from vbench_lite.errors import RegistryError, StoreError
from vbench_lite.format import number
from vbench_lite.report.charts import audits, boards, charts, gallery, trust
from vbench_lite.report.charts.style import plain
from vbench_lite.report.charts.votes import agreement_rows
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.sensitivity import load_audits


def _draw(run: data.RunSummary) -> None:
    suite = frame.suite_choice(run)
    board = cached.board([run.run_id], suite)
    st.subheader("Agreement with people")
    _votes(run, suite)
    st.subheader("Controls of this run")
    metric = _controls(board)
    if metric is not None:
        _ends(run, suite, metric)
    st.subheader("Audit: known damage to real clips")
    _audit(board)


def _votes(run: data.RunSummary, suite: str | None) -> None:
    found = frame.votes_of(run, suite)
    for one in found:
        st.markdown(f"**{plain(one.axis)}**: {plain(one.sentence)}")
        rows = agreement_rows(one.agreements, one.ceiling)
        alt = f"how often each metric is right about votes on {one.axis}"
        frame.table(rows, f"votes_{one.axis}", alt, whole=True)
    if not found:
        return
    st.caption(
        "Right on decided votes: how often the better-scored clip was preferred; chance is 50%, and what two "
        "people reach is the most that a metric can."
    )


def _audit(board: boards.BoardTable) -> None:
    st.caption(
        "An audit damages real clips by known amounts and asks each metric whether it notices. Fooled: it "
        "rewards a damage or a clip without content. Blind: it does not see what its axis is meant to see."
    )
    try:
        found = load_audits(cached.root())
    except StoreError as error:
        st.warning(plain(error))
        return
    if not found:
        st.info("No audit lies under this root. Make one (at most three minutes):")
        frame.command("vbench-lite audit")
        return
    titles = audits.titles(found)
    chosen = st.selectbox("Audit", list(titles.values()), key="of_audit", bind="query-params")
    audit = next(a for a in found if titles[a.id] == chosen)
    shown = audits.verdicts(audit)
    here = set(board.values["name"])
    if st.checkbox("only metrics of this run", value=True, key="mine", bind="query-params"):
        shown = shown[shown["metric"].isin(here)]
    frame.table(shown, "verdicts", "verdict of the audit on each metric", whole=True)
    cells = audits.cells(audit)
    cells = cells[cells["metric"].isin(shown["metric"])]
    if not cells.empty:
        frame.chart(
            charts.outcomes(cells),
            cells,
            "What each metric makes of each damage; the table has effects with their intervals",
            "outcomes",
        )
        st.caption(
            "✓ noticed, ✗ rewarded, ○ not seen, ? cannot tell, ↕ moved (of a description), – no value; "
            "* where the metric's axis is meant to notice it. Effects are in standard deviations."
        )
    for note in audit.notes:
        st.caption(plain(note))


def _ends(run: data.RunSummary, suite: str | None, metric: str) -> None:
    """The clips at both ends of a metric that has values of single clips."""
    samples, scores = cached.clips(run, suite)
    found = gallery.extremes(samples, scores, metric, None, worst=True)
    if len(found) < 2:
        return
    unit = metric_facts(metric, {}).unit
    hashes = samples.set_index(["generator", "sample_id"])["clip_sha256"]
    ends = found.iloc[[0, -1]].to_dict("records")
    titles = ("least", "most") if metric_facts(metric, {}).higher_is_better is None else ("worst", "best")
    player.show(
        [
            cached.clip(
                str(hashes[row["generator"], row["sample_id"]]),
                f"{title}: {row['generator']}",
                f"{metric} {number(row['value'], unit)}, {row['prompt']}, seed {row['seed']}",
                (),
            )
            for title, row in zip(titles, ends, strict=True)
        ],
        key="ends",
    )
    st.caption("The clips of this run at both ends of the metric, controls included.")


def _controls(board: boards.BoardTable) -> str | None:
    """What the controls say of each metric; returns the metric that is looked at."""
    st.caption(
        "Real clips set the ceiling of a metric, clips without content (frozen, noise, shuffled) its floor. "
        "Where a floor beats real clips, or cannot be told from them, the metric says little on this data."
    )
    if board.arms["control"].sum() == 0:
        st.info(
            "This run has no control arms, so it says nothing about its metrics. Run without --no-controls."
        )
        return None
    for metric, reason in zip(board.trust["metric"], board.trust["reason"], strict=True):
        st.warning(f"{plain(metric)}: {plain(reason)}.")
    table = trust.table(board)
    if table.empty:
        st.info("No metric has a value on the controls yet.")
        return None
    if board.trust.empty:
        st.success("No control fools a metric on this data.", icon=":material/check:")
    frame.table(table, "audit", "value of each metric on real clips and on the controls", whole=True)
    conflicts = trust.conflicts(board)
    st.subheader("Distances that disagree")
    st.caption(
        "Two distances to the same real clips can order two generators differently; "
        "then neither order is firm."
    )
    if conflicts.empty:
        st.info("All distances of this run order its generators alike, or there is only one.")
    else:
        frame.table(conflicts, "conflicts", "pairs of distances that disagree on an order")
    st.subheader("One metric over all arms")
    metric = st.selectbox("Metric", list(table["metric"]), key="metric", bind="query-params")
    with suppress(RegistryError):
        st.markdown(plain(registry.load("metrics", metric).info.summary))
    verdict = dict(zip(table["metric"], table["verdict"], strict=True))[metric]
    st.markdown(f"Here: **{plain(verdict)}**")
    rows = trust.arms_of(board, metric)
    unit = board.unit(metric)
    frame.chart(
        charts.intervals(rows, f"{metric} ({unit})" if unit else metric),
        rows,
        f"{metric} of every generator and control with its 95% interval; the table holds the same values",
        "arms",
    )
    return str(metric)


frame.page("Metric trust", "Which metrics can be believed on this data.", _draw)
