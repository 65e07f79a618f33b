"""Charts of the panels as pictures in a static page: SVG, for light and dark grounds, wide and narrow.

The drawing is done here and now (Vega in vl-convert, which asks no host for anything), so the page holds
no script; an SVG in an image cannot run one either.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from vbench_lite.printable import printable
from vbench_lite.report.charts.chart_config import chart_config
from vbench_lite.report.charts.charts import Drawing
from vbench_lite.report.html import markup

WIDE, NARROW = 760, 340  # pixels of the whole picture; the narrow one is for phones
HALF = 500  # of a chart that has another beside it
_PHONE = "(max-width: 600px)"
_DARK = "(prefers-color-scheme: dark)"


def chart(drawing: Drawing, alt_text: str, table: pd.DataFrame | None = None, wide: int = WIDE) -> Markup:
    """Return a chart with its description, and the same data as a folded table where one is given."""
    drawn = _specification(drawing)
    sources = [
        (media, _picture(drawn, width, dark))
        for media, width, dark in (
            (f"{_DARK} and {_PHONE}", NARROW, True),
            (_PHONE, NARROW, False),
            (_DARK, wide, True),
        )
    ]
    picture = markup.picture(sources, _picture(drawn, wide, False), alt_text)
    if table is None:
        return picture
    return picture + markup.folded("The same data as a table", markup.table(table, alt_text))


def svg(drawing: Drawing, width: int, dark: bool) -> str:
    """A chart as SVG, `width` pixels in all."""
    return _svg(_specification(drawing), width, dark)


def _specification(drawing: Drawing) -> dict[str, Any]:
    """A chart as it is drawn at any width."""
    fitted = drawing.properties(autosize={"type": "fit-x", "contains": "padding"})
    specification: dict[str, Any] = _harmless(fitted.to_dict())
    return specification


def _svg(specification: dict[str, Any], width: int, dark: bool) -> str:
    import vl_convert

    wide = {**specification, "width": width}
    picture: str = vl_convert.vegalite_to_svg(wide, config=_config(dark), allowed_base_urls=[])
    return picture


def _harmless(value: Any) -> Any:
    """A specification without control characters in its texts: one of them ends the chart library."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {_harmless(key): _harmless(inner) for key, inner in value.items()}
    return [_harmless(inner) for inner in value] if isinstance(value, list) else value


def _picture(specification: dict[str, Any], width: int, dark: bool) -> str:
    return markup.uri("image/svg+xml", _svg(specification, width, dark).encode())


def _config(dark: bool) -> dict[str, Any]:
    # The reader's font may be wider than the one that the drawing was measured with.
    padding = {"left": 28, "right": 14, "top": 5, "bottom": 5}
    return {**chart_config(dark), "padding": padding, "font": "system-ui, sans-serif"}
