"""How generators look in a chart: colour says the family, shape and dashes tell generators of one apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from vbench_lite.report.charts.style import FAMILIES, Mark, family_title

_OTHER = Mark("other", "#E69F00", "diamond")
# Of a family's further generators, behind its own: those of no family first.
_MORE_SYMBOLS = (
    *("triangle-right", "triangle-left", "triangle-down", "diamond", "cross", "square", "triangle-up"),
    "circle",
)
_LINE_DASHES: tuple[list[int], ...] = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 6])


def titled(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the column "Family", the name for people, that family encodings go by."""
    return frame.assign(Family=[family_title(f) for f in frame["family"]])


def family_look(data: pd.DataFrame, legend: bool = True) -> tuple[alt.Color, alt.Shape]:
    """Colour and shape by family, of a frame that is `titled`."""
    families: Sequence[str] = list(dict.fromkeys(data["family"]))
    order = list(FAMILIES)
    families = sorted(families, key=lambda f: order.index(f) if f in FAMILIES else len(order))
    titles, marks = [family_title(f) for f in families], [FAMILIES.get(f, _OTHER) for f in families]
    box = alt.Legend(orient="bottom", columns=2, title=None, symbolOpacity=1) if legend else None
    colours = alt.Scale(domain=titles, range=[mark.colour for mark in marks])
    symbols = alt.Scale(domain=titles, range=[mark.shape for mark in marks])
    return (
        alt.Color("Family:N", scale=colours, legend=box, title=None),
        alt.Shape("Family:N", scale=symbols, legend=box, title=None),
    )


def bounded(base: alt.Chart, side: str = "") -> alt.Chart:
    """Rows whose interval is known: columns low and high, after the name of the side where there are two."""
    return base.transform_filter(f"isValid(datum.{side}low) && isValid(datum.{side}high)")


def interval_tips(field: str, title: str, side: str = "") -> list[alt.Tooltip]:
    """A value and the ends of its interval, columns as `bounded`."""
    titles = {field: title, f"{side}low": "from", f"{side}high": "to"}
    return [alt.Tooltip(f"{name}:Q", title=shown, format=".4~g") for name, shown in titles.items()]


def legend_height(frame: pd.DataFrame) -> int:
    """Pixels that a legend with one line a generator takes from the chart's height."""
    return 24 * int(frame["generator"].nunique())


def lined(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the column "line" that dashes of `line_look` go by."""
    return frame.assign(line=frame["generator"])


def line_look(data: pd.DataFrame) -> tuple[alt.Color, alt.Shape, alt.StrokeDash]:
    """Encodings of line charts: one legend that names generators.

    A family keeps its colour, and its first generator the family's shape; the others have symbols of their
    own, as the legend shows. Dashes go by the column "line" of `lined`, so that its symbols are not dashed.
    """
    names = list(dict.fromkeys(data["generator"]))
    families = dict(zip(data["generator"], data["family"], strict=True))
    marks = [FAMILIES.get(families[name], _OTHER) for name in names]
    symbols = [_shape(mark, marks[:place].count(mark)) for place, mark in enumerate(marks)]
    dashes = [_LINE_DASHES[i % len(_LINE_DASHES)] for i in range(len(names))]
    legend = alt.Legend(
        orient="bottom",
        columns=1,
        title=None,
        labelLimit=300,
        symbolSize=110,
        symbolOpacity=1,
        symbolStrokeWidth=0,
    )
    return (
        alt.Color(
            "generator:N", scale=alt.Scale(domain=names, range=[m.colour for m in marks]), legend=legend
        ),
        alt.Shape("generator:N", scale=alt.Scale(domain=names, range=symbols), legend=legend),
        alt.StrokeDash("line:N", scale=alt.Scale(domain=names, range=dashes), legend=None),
    )


def _shape(mark: Mark, before: int) -> str:
    """The shape of a generator before which so many of its family stand."""
    symbols = (mark.shape, *(shape for shape in _MORE_SYMBOLS if shape != mark.shape))
    return symbols[before % len(symbols)]


def states(field: str, colours: Mapping[str, str], columns: int = 2) -> alt.Color:
    """Colours of the states in a field, with their legend of so many columns below."""
    return alt.Color(
        field,
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(orient="bottom", title=None, columns=columns),
    )
