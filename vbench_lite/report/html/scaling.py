"""How time and memory grow with the request, for a static page: what the dashboard's scaling page draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from markupsafe import Markup

from vbench_lite.report.charts import growth
from vbench_lite.report.html import markup
from vbench_lite.report.html.charts import HALF, chart
from vbench_lite.results.scaling import ScalingReport


def growing(report: ScalingReport, families: Mapping[str, str]) -> Iterator[Markup]:
    """Each sweep of a report: its charts side by side, the fits, and who overtakes whom.

    Args:
        families: the family of each generator by name.
    """
    swept = growth.sweeps(report)
    if not swept:
        return
    yield markup.paragraph(
        f"Timed calls of suite {report.suite}, one thing varied at a time; both scales of a chart are "
        f"logarithmic. {growth.POINTS} {' '.join(f'{name}: {_lower(m.reading)}' for name, m in _titled())}",
        "soft",
    )
    for sweep in swept:
        size = growth.UNITS.get(sweep, sweep)
        yield markup.heading(3, f"With {size}")
        yield markup.group("pair", _pictures(report, sweep, size, families))
        yield markup.table(growth.table(report, sweep), f"How each generator grows with {size}")
        yield markup.bullets(growth.crossings(report, sweep))
        if (disturbed := report.disturbed(sweep)) is not None:
            yield markup.box("open", markup.paragraph(disturbed))


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _titled() -> list[tuple[str, growth.Measure]]:
    return [(name.capitalize(), measure) for name, measure in growth.MEASURES.items()]


def _pictures(report: ScalingReport, sweep: str, size: str, families: Mapping[str, str]) -> Iterator[Markup]:
    for name, measure in _titled():
        drawing = growth.drawing(report, sweep, measure, families)
        if drawing is None:
            nothing = markup.paragraph(f"{name}: no call of this sweep has a value.", "soft")
            yield markup.group("", [nothing])
            continue
        points = growth.points(report, sweep, measure.column)
        picture = chart(drawing, f"{measure.title} against {size}", points, wide=HALF)
        yield markup.group("", [picture])
