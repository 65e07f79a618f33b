"""The sections of a page on settings of one generator, and on where the seconds of a call go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from vbench_lite.compare.sweep import sweep
from vbench_lite.metric import Measurement
from vbench_lite.report.charts import settings, stages
from vbench_lite.report.html import markup
from vbench_lite.report.html.charts import chart
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import RunDocument


def settings_section(run: RunDir, document: RunDocument, suite: str) -> Iterator[Markup]:
    """What each setting of a sweep gives and costs; nothing for a run that is no sweep."""
    if document.sweep is None:
        return
    found = sweep(run, suite=suite)
    yield markup.box("", markup.bullets(settings.verdicts(found)))
    for title, frame, reading in settings.tables(found):
        yield markup.heading(3, title.capitalize())
        yield markup.table(frame, reading)
    yield markup.bullets(found.notes)


def where_seconds_go(typical: Sequence[Measurement]) -> Iterator[Markup]:
    """Stacked bars of the stages of a call; nothing where no generator names its phases.

    Args:
        typical: one call of each generator.
    """
    shown = stages.seconds(typical)
    if shown.empty:
        return
    yield markup.heading(3, "Where the seconds go")
    yield chart(stages.drawing(shown), "Seconds of each stage of a call", stages.table(typical))
    yield markup.paragraph(stages.READING, "soft")
