"""Did the update break anything: a candidate against a baseline, the clips that changed most, the history."""

from __future__ import annotations

import shlex

import streamlit as st

from vbench_lite.compare import frame_fidelity
from vbench_lite.dashboard import cached, data, frame, player
from vbench_lite.errors import NotApplicable
from vbench_lite.format import number, shorten
from vbench_lite.report.charts import charts, comparisons, curves
from vbench_lite.report.charts.style import plain
from vbench_lite.results.catalogue import metric_facts

_HISTORY_RUNS = 20
_BOXES = {"IMPROVED": st.success, "PASS": st.success, "INCONCLUSIVE": st.warning, "INCOMPARABLE": st.warning}


def _draw(run: data.RunSummary) -> None:
    suite = frame.suite_choice(run)
    index = cached.index()
    runs = [r for r in index.runs if suite in r.suites and r.generators]
    run = data.candidate(index, runs, run, chosen=frame.is_chosen())
    if not run.generators:
        st.info("The chosen run has no generators.")
        return
    where = " (chosen at the side)" if frame.is_chosen() else ""
    st.markdown(f"Candidate run: **{plain(run.title)}**{where}")
    left, middle, right = st.columns(3)
    names = {run_id: name for name, run_id in index.baselines.items()}
    titles = {r.run_id: (f"{names[r.run_id]}: " if r.run_id in names else "") + r.title for r in runs}
    with left:
        other = st.selectbox("Candidate", run.generators, key="candidate", bind="query-params")
    with middle:
        ids = data.baseline_order(index, runs, run, other)
        chosen = frame.run_choice(
            "Baseline run",
            ids,
            titles,
            key="baseline",
            help="Named baselines first, then older runs of the same generator and requests.",
        )
    baseline = next(r for r in runs if r.run_id == chosen)
    with right:
        labels = list(baseline.generators)
        rivals = [g for g in labels if g != other] if baseline.run_id == run.run_id else []
        start = labels.index(other) if other in labels and not rivals else labels.index((rivals or labels)[0])
        generator = st.selectbox("Baseline generator", labels, index=start, key="of", bind="query-params")
    if (baseline.run_id, generator) == (run.run_id, other):
        st.info("Baseline and candidate are the same. Choose another run or generator.")
    else:
        tag = frame.tag_choice([baseline.run_id, run.run_id])
        _review(cached.comparison(baseline, generator, run, other, suite, tag), generator, other)
        if generator == other:
            _axes(baseline, run, other, suite)
            st.caption("To accept the candidate as what later runs are compared with:")
            name = names.get(baseline.run_id, "main")
            frame.command(f"vbench-lite baseline set {shlex.quote(name)} {run.run_id}")
        pair = _changed(baseline, generator, run, other, suite)
        below = st.container()
        _history(runs, other, suite)
        if pair is not None:  # last: it decodes clips and loads a library, and nothing else has to wait
            with below:
                _closeness(pair, frame_fidelity.reading(cached.asked(run, suite), generator == other))
        return
    _history(runs, other, suite)


def _review(found: comparisons.ComparisonTable, generator: str, other: str) -> None:
    """Counts first: how many metrics are worse, better, same, open; then what decided, and all of them."""
    if generator == other:
        st.subheader(found.counts, anchor=False)
        for part, verdict, counts in found.parts or (("all", found.verdict, found.counts),):
            meaning = comparisons.MEANING[verdict]
            _BOXES.get(verdict, st.error)(f"**{part.capitalize()} {verdict}**: {counts}; {meaning}.")
        st.markdown(f"A gate by the default policy says **{found.verdict}**.")
        for line in found.because if found.verdict != "PASS" else ():
            st.markdown(f"- {plain(line)}")
    else:  # two models: one is not the other's regression
        st.subheader(plain(f"{other} against {generator}: {found.counts}"), anchor=False)
        st.caption("Two different generators are set against each other; neither is the other's update.")
    if found.identical:
        st.info("Both gave the same clip to every request.")
    if not found.forest.empty:
        frame.chart(
            charts.forest(found.forest),
            found.table,
            "Difference of each metric in margins with its 95% interval; the table holds all values",
            "forest",
        )
        st.caption(comparisons.READING)
    else:
        frame.table(found.table, "metrics", "every metric of the comparison")
    for note in found.notes:
        st.caption(plain(note))
    if not found.environment.empty:
        with st.expander("What differs between the two runs"):
            frame.table(found.environment, "environment", "fields that differ")


def _axes(baseline: data.RunSummary, run: data.RunSummary, generator: str, suite: str | None) -> None:
    """Each axis before and after."""
    both = [cached.board([baseline.run_id], suite), cached.board([run.run_id], suite)]
    rows = comparisons.changes(both, [axis for axis in both[1].axes if axis in both[0].axes])
    rows = rows[rows["generator"] == generator].drop(columns="generator")
    if not rows.empty:
        st.markdown("**Before and after, by axis**")
        frame.table(rows, "axes", "each axis of the baseline and of the candidate")


def _changed(
    baseline: data.RunSummary, generator: str, run: data.RunSummary, other: str, suite: str | None
) -> tuple[str, str] | None:
    """Show two clips of a request that changed; returns baseline's and candidate's hash, if there are any."""
    sides = cached.clips(baseline, suite), cached.clips(run, suite)
    metrics = sorted(set(sides[0][1]["metric"]) & set(sides[1][1]["metric"]))
    if not metrics:
        return None
    st.subheader("Clips that changed most")
    changes = comparisons.clip_changes(*sides, (generator, other))
    start = comparisons.first_changed(changes, metrics)
    metric = st.selectbox("By", metrics, index=metrics.index(start), key="by", bind="query-params")
    rows = comparisons.most_changed(changes, metric)
    if rows.empty:
        st.info("The two answered no request in common.")
        return None
    unit = metric_facts(metric, {}).unit
    choices = [
        f"{place + 1}: {number(row['baseline'], unit)} to {number(row['candidate'], unit)}, "
        f"{shorten(str(row['prompt']), 60)}, seed {row['seed']}"
        for place, row in enumerate(rows.head(20).to_dict("records"))
    ]
    place = choices.index(st.selectbox("Request", choices, key="changed", bind="query-params"))
    picked = rows.to_dict("records")[place]
    names = ("baseline", generator, baseline), ("candidate", other, run)
    player.show(
        [
            cached.clip(
                str(picked[f"{role}_clip"]),
                f"{role}: {label}",
                f"{of.title}, {metric} {number(picked[role], unit)}",
                (),
            )
            for role, label, of in names
        ],
        difference=True,
        wipe=True,
        marks=cached.changed_frames(str(picked["baseline_clip"]), str(picked["candidate_clip"])),
        key="changed_clips",
    )
    return str(picked["baseline_clip"]), str(picked["candidate_clip"])


def _closeness(pair: tuple[str, str], reading: str) -> None:
    """PSNR and SSIM of the clips shown, where each frame has its partner, and what they can mean."""
    if pair[0] == pair[1]:
        st.caption("The two clips are the same, byte for byte.")
        return
    try:
        found = cached.frame_fidelity(pair[1], pair[0])
    except NotApplicable as error:
        st.caption(f"Not compared frame by frame: {error}.")
        return
    st.caption(f"{comparisons.closeness(found)}. {reading}")
    with st.expander("PSNR and SSIM of each frame"):
        frame.table(comparisons.closeness_by_frame(found), "by_frame", "closeness of each frame")


def _history(runs: list[data.RunSummary], generator: str, suite: str | None) -> None:
    st.subheader("History")
    with_it = [r for r in runs if generator in r.generators][:_HISTORY_RUNS]
    if len(with_it) < 2:
        st.info("One run has this generator under this suite; a history needs two.")
        return
    if not st.toggle(f"Read the last {len(with_it)} runs", key="history", bind="query-params"):
        return
    boards = [cached.board([r.run_id], suite) for r in with_it]
    measures = boards[0].measures()
    if not measures:
        st.info("Nothing has been scored yet.")
        return
    measure = st.selectbox("Measure", measures, key="measure", bind="query-params")
    rows = comparisons.history(boards, measure, [generator])
    if rows.empty:
        st.info("No run has a value of this measure.")
        return
    called = {one.run_id: one.called for one in with_it}
    if len(set(called.values())) == len(called):  # else only an id tells two runs apart
        rows["run"] = rows["run"].map(called)
    frame.chart(
        curves.history(rows, measure),
        comparisons.history_table(rows, measure),
        f"{measure} of {generator} over runs, oldest first; the table holds the same values",
        "history",
    )
    st.caption(
        "A ring, and “step” in the table, mark a run whose interval does not overlap with the one before; "
        "of times that other programs disturbed, and of runs that asked for something else, nothing follows."
    )


frame.page("Compare", "Did the update break anything?", _draw)
