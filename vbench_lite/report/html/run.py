"""A run as one HTML file for people without a server: the main views of the dashboard, and the worst clips.

The file is self-contained: it holds no script and asks no host for anything.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from markupsafe import Markup

from vbench_lite.advise import advise, load_use, use_names
from vbench_lite.advise.card import Card, answer_card
from vbench_lite.advise.quantities import Numbers
from vbench_lite.errors import SpecError, StoreError
from vbench_lite.format import moment, number, percent
from vbench_lite.measure.playback import LIVE_START_S
from vbench_lite.metric import Measurement
from vbench_lite.report.charts import (
    advice,
    audits,
    boards,
    charts,
    curves,
    drifts,
    leaderboard,
    pairs,
    traces,
    trust,
)
from vbench_lite.report.charts.rulers import axis_ruler
from vbench_lite.report.charts.style import AXES, axis_order
from vbench_lite.report.html import clips as html_clips
from vbench_lite.report.html import markup
from vbench_lite.report.html.charts import HALF, chart
from vbench_lite.report.html.scaling import growing
from vbench_lite.report.html.settings import settings_section, where_seconds_go
from vbench_lite.report.html.votes import votes_section
from vbench_lite.results.board import Board, build_board
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.results.scaling import run_scaling
from vbench_lite.results.signature import signature
from vbench_lite.results.time_series import TimeSeries, time_series
from vbench_lite.sensitivity import load_audits
from vbench_lite.store import run_names
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import RunDocument
from vbench_lite.votes.preference import with_preference

DRAWN = 60  # generators; of more, no chart can be read


def run_report(run: RunDir, suite: str | None = None) -> str:
    """Return the page of a run under one suite.

    Args:
        suite: its name; None takes the first one.

    Raises:
        StoreError: the run has no such suite, or cannot be read.
    """
    document = run.document()
    names = [str(content["name"]) for content in document.suites]
    if not names:
        raise StoreError(f"run {run.run_id} has no suite, so there is nothing to report")
    name = suite if suite is not None else names[0]
    built = with_preference(build_board([run], suite=name), [run])
    board = boards.table(built.as_dict())
    numbers = Numbers([run])
    card = answer_card(built, [run], use_names(), numbers)
    drawn = _drawn(board)
    among = set(drawn.arms["generator"])
    shelf = html_clips.Shelf(run.root)  # the first prompts come first, also where videos run out
    sections = {
        "prompts": ("What it looks like", html_clips.first_prompts(run, name, board, shelf)),
        "settings": ("Settings", list(settings_section(run, document, name))),
        "axes": ("Axis scores", list(_axes(board, drawn))),
        "tradeoffs": ("Trade-offs", list(_tradeoffs(drawn, pairs.pace(document, name)))),
        "advice": ("What to take", list(_advice(run, built, numbers)) if board.measures() else []),
        "drift": (
            "Drift within clips",
            list(_drift([one for one in time_series(run, name) if one.generator in among], drawn)),
        ),
        "time": (
            "Over time",
            list(_time([call for call in run.calls(name) if call.generator in among], drawn)),
        ),
        "scaling": ("Scaling", list(_scaling(run, document))),
        "metrics": ("Metrics", list(_metrics(board))),
        "trust": ("Metric trust", [*_trust(board), *_audit(run, board)]),
        "votes": ("Votes", list(votes_section(run, name, board.families))),
        "clips": ("Worst clips", _clips(run, name, board, shelf)),
    }
    filled = {anchor: section for anchor, section in sections.items() if section[1]}
    parts = [
        *_head(document, board, names),
        markup.links([(f"#{anchor}", title) for anchor, (title, _) in filled.items()]),
        markup.card(card),
        *(markup.leaderboard(table) for table in leaderboard.tables(built)),
        *_words(document, board, card),
        markup.paragraph(f"Cite as: {signature(document, name)}", "soft"),
    ]
    for anchor, (title, content) in filled.items():
        parts += [markup.heading(2, title, anchor), *content]
    return markup.document(run_names.title(document), parts)


def _head(document: RunDocument, board: boards.BoardTable, names: list[str]) -> Iterator[Markup]:
    yield markup.heading(1, run_names.title(document))
    there = set(board.arms["generator"])
    generators = [e.label for e in document.generators if e.label in there]
    yield markup.paragraph(
        f"Run {document.run_id}, {document.status}, started {moment(document.created)} UTC; "
        f"suite {board.suite}; "
        f"{document.samples} samples for each of {', '.join(generators)}.",
        "soft",
    )
    memory = document.hardware.get("memory_bytes")
    devices = [
        str(d.get("name", d)) if isinstance(d, dict) else str(d)
        for d in document.hardware.get("devices") or []
    ]
    machine = [str(document.hardware.get("cpu_model", "unknown CPU")), *devices]
    machine += [number(float(memory), "bytes") + " of memory"] if memory else []
    yield markup.paragraph(f"Machine: {', '.join(machine)}.", "soft")
    if len(names) > 1:
        others = ", ".join(n for n in names if n != board.suite.split("@")[0])
        yield markup.paragraph(f"The run has other suites too ({others}); ask for them with --suite.", "soft")


def _words(document: RunDocument, board: boards.BoardTable, card: Card) -> Iterator[Markup]:
    """What a reader must know that the card does not say."""
    if document.status != "finished":
        yield markup.box(
            "open", markup.paragraph("The run is not finished: this covers the part that is done.")
        )
    failed = board.arms[board.arms["failures"] != ""]
    lines = [f"{g}: {why}" for g, why in zip(failed["generator"], failed["failures"], strict=True)]
    if lines:
        yield markup.box("bad", markup.paragraph("Samples that did not end well"), markup.bullets(lines))
    doubts = [
        *board.notes,
        *(f"{m}: {why}" for m, why in zip(board.trust["metric"], board.trust["reason"], strict=True)),
    ]
    doubts = [doubt for doubt in doubts if doubt not in card.doubts]
    if doubts:
        yield markup.box("open", markup.paragraph("Know before trusting a number"), markup.bullets(doubts))
    if document.notes:
        yield markup.box("", markup.bullets(document.notes))


def _drawn(board: boards.BoardTable) -> boards.BoardTable:
    """The board with so many generators as a chart can show: the best by the first axis that has a score."""
    generators = board.arms.loc[~board.arms["control"], "generator"].tolist()
    if len(generators) <= DRAWN:
        return board
    best = [name for axis in board.axes for name in boards.axis_rows(board, axis)["generator"]]
    return boards.only(board, list(dict.fromkeys([*best, *generators]))[:DRAWN])


def _axes(board: boards.BoardTable, drawn: boards.BoardTable) -> Iterator[Markup]:
    yield markup.paragraph(
        "0 is a control without content and 1 is real clips, or what the chart says; for speed and memory "
        "×1 is the suite's reference and ×2 twice as good. Bars are 95% intervals. "
        "Generators that cannot be told apart share a rank; below 100% coverage there is none.",
        "soft",
    )
    if len(drawn.arms) < len(board.arms):
        yield markup.paragraph(
            f"Charts draw {DRAWN} of the generators: the best on the first axis. The tables hold all.", "soft"
        )
    pictures = []
    for axis in board.axes:
        rows = boards.axis_rows(drawn, axis)
        said = AXES.get(axis, "")
        if rows.empty:
            why = f"No score: {boards.why_empty(board, axis)}"
            pictures.append(markup.group("", [markup.heading(3, axis), markup.paragraph(why, "soft")]))
            continue
        ruler = axis_ruler(axis, rows, published=axis in board.published)
        picture = chart(
            charts.intervals(rows, ruler.title, ruler),
            f"{axis} score of each generator with its 95% interval; the table below holds the same values",
            wide=HALF,
        )
        pictures.append(markup.group("", [markup.heading(3, axis), markup.paragraph(said, "soft"), picture]))
    yield markup.group("pair", pictures)
    yield markup.table(_shares(boards.axis_table(board)), "Axis scores, intervals, ranks and coverage")
    controls = boards.axis_table(board, controls=True)
    if not controls.empty:
        yield markup.table(_shares(controls), "Controls: no generators, never ranked; they give the scale")


def _shares(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(coverage=[percent(share) for share in table["coverage"]])


def _tradeoffs(board: boards.BoardTable, clips: pairs.Pace | None) -> Iterator[Markup]:
    if len(board.measures()) < 2:
        return
    x, y = pairs.default_pair(board)
    pair = pairs.pair(board, x, y, clips=clips)
    for name, reason in pair.left_out:
        yield markup.paragraph(f"{name} is not drawn: {reason}", "soft")
    if not pair.points.empty:
        yield chart(
            charts.scatter(pair.points, pair.x, pair.y),
            f"{y} against {x} with 95% intervals in both directions",
            pair.table(),
        )
        yield markup.paragraph(pair.reading(), "soft")
    rows = boards.axis_lines(board)
    if rows["axis"].nunique() > 1:
        yield markup.heading(3, "All axes")
        yield chart(
            charts.parallel(rows),
            "Axis scores of each generator as one line over all axes, each on its own scale",
            boards.axis_wide(rows),
        )


def _advice(run: RunDir, board: Board, numbers: Numbers) -> Iterator[Markup]:
    """The answer without a use, the answer for each named use, and what the run says of common beliefs."""
    if not board.suite.axes:  # limits are for who asks
        return
    found = advice.answer(advise([run], board=board, numbers=numbers))
    yield markup.paragraph(found.words)
    yield markup.heading(3, "By named use")
    for name in use_names():
        try:
            its = advice.answer(advise([run], use=load_use(name), board=board, brief=True, numbers=numbers))
        except SpecError as error:  # nothing that this use weighs was measured
            yield markup.folded(f"{name} – no answer", markup.paragraph(error))
        else:
            yield markup.folded(f"{name} – {its.headline}", markup.paragraph(its.words))
    yield markup.folded("Common beliefs", markup.table(found.beliefs, "They hold for these generators only"))


def _drift(found: list[TimeSeries], board: boards.BoardTable) -> Iterator[Markup]:
    families = board.families
    for metric in drifts.metrics(found):
        rows = drifts.table(found, metric, families)
        rows = rows[~rows["control"]]
        if rows.empty:
            continue
        yield markup.heading(3, metric)
        yield markup.paragraph(metric_facts(metric, {}).summary, "soft")
        yield chart(
            curves.course(rows, f"what {metric} follows"),
            f"What {metric} follows against the time within the clip, with 95% bands",
            rows.drop(columns=["family", "control"]),
        )


def _time(calls: list[Measurement], board: boards.BoardTable) -> Iterator[Markup]:
    cases = traces.cases(calls)
    if not cases:
        return
    typical = traces.typical_calls(calls, cases[0])
    families = board.families
    steps = traces.arrival_steps(typical)
    yield markup.paragraph(
        "The warm call of each generator that is nearest to its latency: frames as they arrive, and what a "
        "viewer sees who starts with the first frame and plays at the clip's rate.",
        "soft",
    )
    drawn = steps.assign(family=[families.get(g, "unknown") for g in steps["generator"]])
    yield chart(curves.arrivals(drawn), "Frames handed over against seconds since the request", steps)
    shown = traces.playback(typical)
    marks = traces.chunks(typical)
    yield chart(curves.trace(shown, marks), "Waiting, playing and stalls of each generator in seconds", shown)
    yield markup.table(
        traces.playback_summary(typical), "First frame, stalls, and the delay that avoids them"
    )
    wanted = traces.deadlines(typical, LIVE_START_S)
    words = f"Frames on time and late where the first one is wanted {LIVE_START_S:g} s after the request"
    yield chart(curves.deadlines(wanted), words, wanted)
    yield from where_seconds_go(typical)


def _scaling(run: RunDir, document: RunDocument) -> Iterator[Markup]:
    """The sweeps of all suites of the run: they are timed calls of their own, whatever suite is shown."""
    families = {e.label: str(e.info.get("family", "unknown")) for e in document.generators}
    for report in run_scaling(run):
        yield from growing(report, families)


def _metrics(board: boards.BoardTable) -> Iterator[Markup]:
    declared = boards.declared_axes(board)
    for axis in axis_order(set(board.axes) | {a for a in declared.values() if a}):
        table = boards.metric_table(board, axis, declared)
        if not table.empty:
            count = table["metric"].nunique()
            words = f"{axis}: {count} metric{'s' if count > 1 else ''}"
            yield markup.folded(words, markup.table(table, "weight 0 is shown and not counted"))


def _trust(board: boards.BoardTable) -> Iterator[Markup]:
    table = trust.table(board)
    if table.empty:
        return
    yield markup.paragraph(
        "Real clips set the ceiling of a metric, clips without content its floor. Where a floor beats real "
        "clips, or cannot be told from them, the metric says little on this data.",
        "soft",
    )
    yield markup.table(table, "Each metric on real clips and on the controls")
    conflicts = trust.conflicts(board)
    if not conflicts.empty:
        yield markup.table(conflicts, "Distances that order two generators differently")


def _audit(run: RunDir, board: boards.BoardTable) -> Iterator[Markup]:
    found = load_audits(run.root)
    if not found:
        return
    names = set(board.values["name"])
    cells = audits.cells(found[0])
    cells = cells[cells["metric"].isin(names)]
    verdicts = audits.verdicts(found[0])
    verdicts = verdicts[verdicts["metric"].isin(names)]
    if verdicts.empty:
        return
    yield markup.heading(3, f"Audit: {audits.titles(found)[found[0].id]}")
    yield markup.table(verdicts, "Known damage to real clips: can the metric be believed?")
    if not cells.empty:
        yield markup.folded(
            "What each metric makes of each damage",
            markup.paragraph("; ".join(f"{sign} {seen}" for seen, sign in audits.SIGNS.items()), "soft"),
            markup.table(audits.grid(cells), "* where the metric's axis is meant to notice the damage"),
        )


def _clips(run: RunDir, suite: str, board: boards.BoardTable, shelf: html_clips.Shelf) -> list[Markup]:
    parts = html_clips.worst(run, suite, board, shelf)
    return parts + [markup.paragraph(f"Not shown: {why}", "soft") for why in dict.fromkeys(shelf.missing)]
