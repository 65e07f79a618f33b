"""Chart specifications (Altair) from tidy tables; computes no statistics.

Every chart takes a frame with fixed column names, so that names from runs are data and never field
expressions. Colour and shape say the family, a label says the generator, bars say the interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from vbench_lite.report.charts.encodings import (
    bounded,
    family_look,
    interval_tips,
    legend_height,
    line_look,
    lined,
    states,
    titled,
)
from vbench_lite.report.charts.label_placement import spots
from vbench_lite.report.charts.rulers import Ruler

_GREY = "#8A8A8A"
_SEEN = {
    "noticed": "#009E73", "moved": "#56B4E9", "not seen": "#BBBBBB", "cannot tell": "#F0E442",
    "no value": _GREY, "rewarded": "#D55E00",
}  # fmt: skip
Drawing = alt.LayerChart | alt.FacetChart


@dataclass(frozen=True)
class Side:
    """One side of a scatter: what is on it and how it is drawn.

    Attributes:
        title: name with its unit.
        log: logarithmic scale (the frame then holds positive values only).
        higher_is_better: None where neither direction is better.
        lines: values to mark, each with what it means.
    """

    title: str
    log: bool = False
    higher_is_better: bool | None = None
    lines: tuple[tuple[float, str], ...] = ()

    @property
    def label(self) -> str:
        """The title with the direction that is better."""
        if self.higher_is_better is None:
            return self.title
        return f"{self.title}, {'higher' if self.higher_is_better else 'lower'} is better"


def scatter(frame: pd.DataFrame, x: Side, y: Side) -> Drawing:
    """Two measures against each other, with both intervals and the Pareto front.

    Args:
        frame: one row a generator: generator, family, x, x_low, x_high, y, y_low, y_high (bounds may
            be missing), front (bool), control (bool).
        x: the horizontal side.
        y: the vertical side.
    """
    data = titled(frame)
    sx, sy = _scale(x), _scale(y)
    ax = alt.X("x:Q", scale=sx, title=x.label)
    ay = alt.Y("y:Q", scale=sy, title=y.label)
    base = alt.Chart(data)
    tips = [
        alt.Tooltip("generator:N", title="generator"),
        alt.Tooltip("Family:N"),
        *interval_tips("x", x.title, "x_"),
        *interval_tips("y", y.title, "y_"),
    ]
    layers: list[alt.Chart] = []
    for side, channel in ((x, "x"), (y, "y")):
        for line in side.lines:
            layers += _marked(line, channel, sx if channel == "x" else sy)
    front = data[data["front"]].sort_values("x")
    if len(front) > 1:
        step: Any = "step-before" if x.higher_is_better else "step-after"
        layers.append(
            alt.Chart(front)
            .mark_line(interpolate=step, strokeDash=[5, 4], color=_GREY, strokeWidth=1.5)
            .encode(ax, ay)
        )
    colour, shape = family_look(data)
    layers += [
        bounded(base, "x_")
        .mark_rule(strokeWidth=1.5, opacity=0.55)
        .encode(alt.X("x_low:Q", scale=sx, title=x.label), alt.X2("x_high:Q"), ay, colour),
        bounded(base, "y_")
        .mark_rule(strokeWidth=1.5, opacity=0.55)
        .encode(ax, alt.Y("y_low:Q", scale=sy, title=y.label), alt.Y2("y_high:Q"), colour),
        base.mark_point(filled=True, size=130, opacity=1).encode(ax, ay, colour, shape, tooltip=tips),
        *_names(data, x, y, ax, ay),
    ]
    return alt.layer(*layers).properties(height=440)


def _names(data: pd.DataFrame, x: Side, y: Side, ax: alt.X, ay: alt.Y) -> list[alt.Chart]:
    """Names beside the points."""
    heights = [1.0 - share for share in _shares(data, "y", y.log)]
    found = spots(_shares(data, "x", x.log), heights, list(data["generator"]))
    return [
        alt.Chart(data[[spot == each for each in found]])
        .mark_text(align=spot.align, dx=spot.dx, dy=spot.dy, fontWeight="bold")
        .encode(ax, ay, alt.Text("generator:N"))
        for spot in dict.fromkeys(found)
    ]


def _shares(data: pd.DataFrame, side: str, log: bool) -> list[float]:
    """Where the values of a side lie between the ends of all that is drawn, 0 to 1."""
    drawn = data[[side, f"{side}_low", f"{side}_high"]].to_numpy(dtype=float)
    if log:
        drawn = np.log(np.where(drawn > 0, drawn, np.nan))
    low, high = float(np.nanmin(drawn)), float(np.nanmax(drawn))
    shares: list[float] = ((drawn[:, 0] - low) / max(high - low, 1e-12)).tolist()
    return shares


def intervals(frame: pd.DataFrame, title: str, ruler: Ruler | None = None) -> Drawing:
    """A dot with its interval and its number for each generator, one below the other.

    Args:
        frame: generator, family, value, low, high (bounds may be missing), in the order to draw; and told,
            what stands at each mark, where it is more than the value.
        title: what the values are.
        ruler: the scale that every chart of these values has; None fits one to them.
    """
    ruler = ruler or Ruler()
    data = titled(frame)
    if "told" not in data:
        data["told"] = [ruler.text(value) for value in data["value"]]
    order = list(data["generator"])
    names = alt.Axis(
        labelLimit=170, labelOverlap=False, labelFlush=False, labelPadding=6, ticks=False, domain=False
    )
    rows = alt.Y("generator:N", sort=order, title=None, axis=names)
    scale = ruler.scale()
    across = partial(alt.X, scale=scale, title=title, axis=ruler.ticks())
    colour, shape = family_look(data, legend=False)
    base = alt.Chart(data).encode(rows)
    tips = ["generator:N", *interval_tips("value", "value")]
    layers = [
        *(_marked((line, ""), "x", scale)[0] for line in ruler.lines),
        _bars(base, across, colour),
        base.mark_point(filled=True, size=90, opacity=1).encode(
            across("value:Q"), colour, shape, tooltip=tips
        ),
        base.mark_text(dy=-13).encode(across("value:Q"), alt.Text("told:N")),
    ]
    return alt.layer(*layers).properties(height=alt.Step(40))


def _bars(base: alt.Chart, across: Callable[[str], alt.X], colour: alt.Color) -> alt.Chart:
    """Intervals from left to right, where both ends are known."""
    bars = bounded(base).mark_rule(strokeWidth=2.5)
    drawn: alt.Chart = bars.encode(across("low:Q"), alt.X2("high:Q"), colour)
    return drawn


def parallel(frame: pd.DataFrame) -> Drawing:
    """One line a generator over all axes, each axis on a scale of its own.

    Args:
        frame: generator, family, axis, value, place (0 to 1 on the axis' own scale).
    """
    axes = list(dict.fromkeys(frame["axis"]))
    colour, shape, dash = line_look(frame)
    base = alt.Chart(lined(frame)).encode(
        alt.X("axis:N", sort=axes, title=None, axis=alt.Axis(labelAngle=-30, labelOverlap=False, grid=True)),
        alt.Y("place:Q", title="place on the axis' own scale", scale=alt.Scale(domain=[0, 1])),
        colour,
    )
    tips = ["generator:N", "axis:N", alt.Tooltip("value:Q", title="score", format=".3f")]
    return alt.layer(
        base.mark_line(strokeWidth=2).encode(dash),
        base.mark_point(filled=True, size=80, opacity=1).encode(shape, tooltip=tips),
    ).properties(height=320 + legend_height(frame))


def forest(frame: pd.DataFrame) -> Drawing:
    """Differences of a comparison, each in units of its margin, oriented so that right is better.

    Args:
        frame: metric, effect, low, high (delta / margin, + is better; bounds may be missing), verdict.
    """
    order = list(frame["metric"])
    rows = alt.Y(
        "metric:N", sort=order, title=None, axis=alt.Axis(labelLimit=190, labelFlush=False, ticks=False)
    )
    verdicts = ["IMPROVED", "PASS", "INCONCLUSIVE", "REGRESSED", "INCOMPARABLE"]
    colours = ["#0072B2", "#009E73", "#E69F00", "#D55E00", _GREY]
    symbols = ["triangle-right", "circle", "diamond", "triangle-left", "cross"]
    here = [v for v in verdicts if v in set(frame["verdict"])]
    at = [verdicts.index(v) for v in here]
    # Two columns would be cut off on a phone.
    look: dict[str, Any] = {"legend": alt.Legend(orient="bottom", columns=1), "title": None}
    colour = alt.Color("verdict:N", scale=alt.Scale(domain=here, range=[colours[i] for i in at]), **look)
    shape = alt.Shape("verdict:N", scale=alt.Scale(domain=here, range=[symbols[i] for i in at]), **look)
    # Linear within two margins, where verdicts are made; logarithmic beyond, where a large change lies.
    scale = alt.Scale(type="symlog", constant=2, zero=True)
    ticks = alt.Axis(values=_margin_ticks(frame), format="~s")
    across = partial(alt.X, scale=scale, title="in margins, right is better", axis=ticks)
    base = alt.Chart(frame).encode(rows)
    margin = alt.Chart(pd.DataFrame({"at": [-1.0]})).mark_rule(color="#D55E00", strokeDash=[4, 4])
    tips = ["metric:N", "verdict:N", alt.Tooltip("effect:Q", format=".3~g")]
    return alt.layer(
        *_marked((0.0, ""), "x", scale)[:1],
        margin.encode(across("at:Q")),
        _bars(base, across, colour),
        base.transform_filter("isValid(datum.effect)")
        .mark_point(filled=True, size=110, opacity=1)
        .encode(across("effect:Q"), colour, shape, tooltip=tips),
    ).properties(height=alt.Step(26))


def _margin_ticks(frame: pd.DataFrame) -> list[float]:
    """0, 1, 2, 5, 10, 20 … margins to both sides, as far as the bars reach, at least to 2."""
    ends = frame[["effect", "low", "high"]].to_numpy(dtype=float)
    reach = max(2.0, float(np.nanmax(np.abs(ends)))) if len(frame) else 2.0
    steps = [s * 10.0**k for k in range(7) for s in (1, 2, 5)]
    right = [s for s in steps if s <= reach * 1.2]
    shown = right if len(right) < 6 else [s for s in right if f"{s:g}"[0] in "1" or s == 2]
    left = [-s for s in shown if not len(frame) or -s >= np.nanmin(ends) * 1.2 - 2]
    right = [s for s in shown if not len(frame) or s <= np.nanmax(ends) * 1.2 + 2]
    return [*reversed(left), 0.0, *right]


def _scale(side: Side) -> alt.Scale:
    return alt.Scale(type="log") if side.log else alt.Scale(zero=False, nice=True, padding=24)


def _marked(line: tuple[float, str], channel: str, scale: alt.Scale) -> list[alt.Chart]:
    value, meaning = line
    base = alt.Chart(pd.DataFrame({"at": [value], "meaning": [meaning]}))
    if channel == "x":
        base = base.encode(alt.X("at:Q", scale=scale))
        text = base.mark_text(align="left", baseline="top", dx=4).encode(y=alt.value(2))
    else:
        base = base.encode(alt.Y("at:Q", scale=scale))
        text = base.mark_text(align="left", baseline="bottom", dx=2, dy=-2).encode(x=alt.value(2))
    return [base.mark_rule(color=_GREY, strokeDash=[2, 3]), text.encode(text="meaning:N")]


def outcomes(frame: pd.DataFrame) -> Drawing:
    """What each metric makes of each damage: a coloured square with a sign.

    Args:
        frame: metric, damage, seen, sign, effect (may be missing), in the order to draw.
    """
    here = {seen: colour for seen, colour in _SEEN.items() if seen in set(frame["seen"])}
    across = alt.X(
        "damage:N",
        sort=list(dict.fromkeys(frame["damage"])),
        title=None,
        axis=alt.Axis(orient="top", labelAngle=-60, labelLimit=130, labelOverlap=False),
    )
    down = alt.Y(
        "metric:N",
        sort=list(dict.fromkeys(frame["metric"])),
        title=None,
        axis=alt.Axis(labelLimit=190, labelOverlap=False, labelFlush=False, ticks=False, domain=False),
    )
    tips = ["metric:N", "damage:N", "seen:N", alt.Tooltip("effect:Q", format="+.2f")]
    base = alt.Chart(frame)
    squares = base.mark_rect(stroke="white", strokeWidth=1).encode(
        across,
        down,
        states("seen:N", here, columns=3),
        tooltip=tips,
    )
    signs = base.mark_text(fontSize=11, color="#111111").encode(across, down, alt.Text("sign:N"))
    return alt.layer(squares, signs).properties(height=alt.Step(22))
