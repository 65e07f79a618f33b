"""Colours and sizes of all chart text and lines, on light and dark grounds: every label is read at 4.5:1.

Both the dashboard and static pages draw with it. Contrast is that of WCAG 2.2, success criterion 1.4.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Inks:
    """Colours of one theme: `ground` is the palest (darkest) ground that a chart stands on."""

    ink: str
    soft: str
    line: str
    ground: str


LIGHT = Inks("#1f2328", "#59636e", "#d1d9e0", "#f6f8fa")
DARK = Inks("#e6e8eb", "#9aa4ae", "#3b424a", "#191f25")
LEAST_CONTRAST = 4.5


def chart_config(dark: bool) -> dict[str, Any]:
    """The Vega-Lite configuration of every chart."""
    inks = DARK if dark else LIGHT
    labels = {"labelColor": inks.ink, "titleColor": inks.ink, "labelFontSize": 12, "titleFontSize": 12}
    return {
        "background": "transparent",
        "view": {"stroke": None},
        "axis": {
            **labels, "gridColor": inks.line, "domainColor": inks.line, "tickColor": inks.line,
            "titleFontWeight": "normal",
        },
        "legend": {**labels, "columnPadding": 28},
        "header": {"labelColor": inks.ink, "titleColor": inks.ink},
        "text": {"color": inks.ink, "fontSize": 12},
        "rule": {"aria": False},  # what a bar says, its mark says too
    }  # fmt: skip


def contrast(first: str, second: str) -> float:
    """The contrast of two colours as #rrggbb, 1 to 21."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of sRGB, 0 to 1."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
