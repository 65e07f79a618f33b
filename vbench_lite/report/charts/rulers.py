"""The scale of an axis, the same in every chart of it: a small difference never looks like a landslide.

A scaled axis runs from a control without content to real clips, or between published ends, both drawn.
Speed and memory are factors of the suite's reference, over sixteenfold at least.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import altair as alt
import pandas as pd

from vbench_lite.format import number
from vbench_lite.results.axes import RELATIVE_AXES

LEAST_DOUBLINGS = 4.0


@dataclass(frozen=True)
class Ruler:
    """A scale with what is marked on it.

    Attributes:
        title: what the scale measures; "" where the chart says it.
        domain: its ends; None fits it to the data.
        lines: values to mark; the title says what they mean.
        doublings: values are logarithms to base 2, told as factors.
    """

    title: str = ""
    domain: tuple[float, float] | None = None
    lines: tuple[float, ...] = ()
    doublings: bool = False

    def scale(self) -> alt.Scale:
        """The Vega-Lite scale."""
        if self.domain is None:
            return alt.Scale(zero=False, nice=True)
        return alt.Scale(domain=list(self.domain), nice=False)

    def ticks(self) -> alt.Axis:
        """The Vega-Lite axis; a title that ends where the plot ends is whole on a phone."""
        if not self.doublings or self.domain is None:
            return alt.Axis(tickCount=5, titleAnchor="end")
        low, high = math.ceil(self.domain[0]), math.floor(self.domain[1])
        values = list(range(low, high + 1, max(1, round((high - low) / 6))))
        return alt.Axis(values=values, labelExpr="'×' + format(pow(2, datum.value), '~r')", titleAnchor="end")

    def text(self, value: float) -> str:
        """A value as the chart prints it at its mark."""
        if self.doublings:
            return f"×{number(2.0**value)}"
        return number(value) if self.domain is None else f"{value:.2f}"


def axis_ruler(axis: str, rows: pd.DataFrame, *, published: bool = False) -> Ruler:
    """The scale of an axis.

    Args:
        rows: value, low and high of every generator on it.
        published: a publication fixes its ends, and no control.
    """
    drawn = rows[["value", "low", "high"]].to_numpy(dtype=float)
    low, high = (float(f(drawn[~pd.isna(drawn)])) for f in (min, max))
    if axis not in RELATIVE_AXES:
        ends = (min(low, 0.0), max(high, 1.1))
        between = "0 and 1 as published" if published else "0 a control without content, 1 real clips"
        return Ruler(f"{axis}: {between}", ends, (0.0, 1.0))
    missing = max(0.0, LEAST_DOUBLINGS - (high - low)) / 2
    domain = (float(math.floor(low - missing)), float(math.ceil(high + missing)))
    return Ruler(f"{axis}: times as good as the suite's reference", domain, doublings=True)
