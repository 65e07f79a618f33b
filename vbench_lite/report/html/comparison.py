"""A comparison as one HTML file: the verdict, what decided it, and the clips that lost most.

The file is self-contained: it holds no script and asks no host for anything.
"""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from vbench_lite.compare import Comparison
from vbench_lite.compare.headline import side_text
from vbench_lite.report.charts import charts, comparisons
from vbench_lite.report.html import clips as html_clips
from vbench_lite.report.html import markup
from vbench_lite.report.html.charts import chart
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import Level

_KINDS = {"IMPROVED": "good", "PASS": "good", "REGRESSED": "bad"}


def comparison_report(
    found: Comparison, baseline: RunDir, candidate: RunDir, *, update: bool | None = None
) -> str:
    """Return the page of a comparison.

    Args:
        found: what `compare` says of the two.
        baseline, candidate: their runs, whose clips are shown.
        update: whether the candidate is to replace the baseline; None: where both are one generator. Two
            other models are set against each other without a verdict.
    """
    update = found.update if update is None else update
    table = comparisons.table(found)
    sides = found.baseline, found.candidate
    names = [side_text(side) for side in sides]
    title = "Did the update break anything?"
    if not update:
        title = f"{found.candidate['generator']} against {found.baseline['generator']}"
    parts = [
        markup.heading(1, title),
        markup.paragraph(f"Candidate {names[1]} against baseline {names[0]}.", "soft"),
        markup.paragraph(
            f"Suite {found.suite}, policy {found.policy.name} v{found.policy.version}. A metric passes when "
            "its 95% interval stays right of minus its margin.",
            "soft",
        ),
        headline(table, update),
        *_told(found, table),
        *_metrics(table),
        *_clips(found, baseline, candidate),
    ]
    if not table.environment.empty:
        parts += [
            markup.heading(2, "What differs between the two"),
            markup.table(table.environment, "Fields that differ in software, hardware and the generators"),
        ]
    return markup.document(f"vbench_lite: {names[1]} against {names[0]}", parts)


def headline(table: comparisons.ComparisonTable, update: bool) -> Markup:
    """Counts first, then the verdicts of an update."""
    if not update:
        parts = [f"{part.capitalize()}: {counts}" for part, _, counts in table.parts]
        return markup.box("open", markup.paragraph(table.counts, "verdict"), markup.bullets(parts))
    return markup.box(
        _KINDS.get(table.verdict, "open"),
        markup.paragraph(table.counts, "verdict"),
        markup.paragraph(f"{table.verdict}: {comparisons.MEANING[table.verdict]}."),
        markup.bullets([f"{part.capitalize()} {verdict}: {counts}" for part, verdict, counts in table.parts]),
        markup.bullets(table.because if table.verdict != "PASS" else ()),
    )


def _told(found: Comparison, table: comparisons.ComparisonTable) -> Iterator[Markup]:
    if table.identical:
        yield markup.paragraph("Both gave the same clip to every request.")
    yield markup.bullets(table.notes)
    if found.fidelity is not None:
        yield markup.bullets(found.fidelity.lines())


def _metrics(table: comparisons.ComparisonTable) -> Iterator[Markup]:
    yield markup.heading(2, "Metrics")
    if not table.forest.empty:
        yield chart(
            charts.forest(table.forest),
            "Difference of each metric in margins with its 95% interval; the table below holds all values",
        )
        yield markup.paragraph(comparisons.READING, "soft")
    yield markup.table(table.table, "Every metric: values, difference, interval, margin and verdict")


def _clips(found: Comparison, baseline: RunDir, candidate: RunDir) -> Iterator[Markup]:
    shelves = html_clips.Shelf(baseline.root), html_clips.Shelf(candidate.root)
    single = [m for m in found.metrics if m.level == Level.SAMPLE and m.higher_is_better is not None]
    parts = html_clips.changed(
        html_clips.Side(baseline, str(found.baseline["generator"]), shelves[0]),
        html_clips.Side(candidate, str(found.candidate["generator"]), shelves[1]),
        found.suite,
        [m.metric for m in sorted(single, key=lambda m: not m.primary)],
    )
    if not parts:
        return
    yield markup.heading(2, "Clips that lost most")
    yield from parts
    for why in dict.fromkeys([*shelves[0].missing, *shelves[1].missing]):
        yield markup.paragraph(f"Not shown: {why}", "soft")
