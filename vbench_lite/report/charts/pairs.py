"""Two measures set against each other: the points, what is left out and why, and the Pareto front.

The front drawn is that of the values; the intervals say how firm it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vbench_lite.format import interval, number
from vbench_lite.report.charts.boards import BoardTable
from vbench_lite.report.charts.charts import Side
from vbench_lite.stats.pareto import front
from vbench_lite.store.schema import RunDocument

_MOST_LINES = 4
_PREFERRED = (
    ("speed/latency_s", "quality"),
    ("speed/time_to_first_frame_s", "quality"),
    ("speed", "quality"),
    ("speed", "coherence"),
)


@dataclass(frozen=True)
class Pace:
    """What real time means for the clips that a suite asks for: how long they play, at which rate."""

    seconds: float
    fps: float

    def at(self, measure: str, factor: float) -> float | None:
        """The value of a speed measure at which a clip is made `factor` times as fast as it plays."""
        if measure == "speed/latency_s":
            return self.seconds / factor
        if measure == "speed/frames_per_s":
            return self.fps * factor
        return factor if measure == "speed/real_time_factor" else None


def pace(document: RunDocument, suite: str | None) -> Pace | None:
    """The pace of the clips that a suite of a run asks for; None if the suite does not say."""
    for content in document.suites:
        request = content.get("request") or {}
        if suite in (None, content["name"]) and request.get("num_frames") and request.get("fps"):
            return Pace(float(request["num_frames"]) / float(request["fps"]), float(request["fps"]))
    return None


@dataclass(frozen=True)
class Pair:
    """What a scatter shows.

    Attributes:
        points: generator, family, x, x_low, x_high, y, y_low, y_high, front, control.
        left_out: (generator, reason) of every arm that cannot be drawn.
    """

    x: Side
    y: Side
    x_unit: str
    y_unit: str
    points: pd.DataFrame
    left_out: tuple[tuple[str, str], ...]

    def table(self) -> pd.DataFrame:
        """The drawn data for people."""
        p = self.points
        cells = {"generator": list(p["generator"])}
        for side, title, unit in (("x", self.x.title, self.x_unit), ("y", self.y.title, self.y_unit)):
            ends = zip(p[f"{side}_low"], p[f"{side}_high"], strict=True)
            cells[title] = [number(value, unit) for value in p[side]]
            cells[f"{title} 95%"] = [interval(low, high, unit) for low, high in ends]
        return pd.DataFrame({**cells, "on the front": ["yes" if f else "no" for f in p["front"]]})

    def reading(self) -> str:
        """How the front is to be read."""
        if self.x.higher_is_better is None or self.y.higher_is_better is None:
            return "One of the two has no better direction, so there is no front."
        several = self.points["front"].sum() > 1
        line = "The dashed line is" if several else "One generator alone, without a line, is"
        return (
            f"{line} the Pareto front of the values: no drawn generator is better than one on it in both. "
            "Where intervals overlap, the order may be chance. Only generators with full coverage can be on "
            "it."
        )


def default_pair(board: BoardTable) -> tuple[str, str]:
    """The pair that is drawn first: speed against quality where both are there."""
    measures = board.measures()
    for across, up in _PREFERRED:
        if across in measures and up in measures:
            return across, up
    return measures[0], measures[-1]


def pair(
    board: BoardTable,
    x: str,
    y: str,
    *,
    controls: bool = False,
    log_x: bool = False,
    log_y: bool = False,
    clips: Pace | None = None,
) -> Pair:
    """Set two measures against each other.

    Args:
        controls: draw the control arms too; they are never on the front.
        log_x, log_y: logarithmic; values and bounds at or below 0 cannot be drawn and are left out.
        clips: their pace, for lines of equal speed against real time.
    """
    side_x, side_y = (_side(board, m, log, clips) for m, log in ((x, log_x), (y, log_y)))
    arms = board.arms if controls else board.arms[~board.arms["control"]]
    cells = board.cells()
    rows: list[dict[str, object]] = []
    left_out: list[tuple[str, str]] = []
    for arm in arms.to_dict("records"):
        row: dict[str, object] = {key: arm[key] for key in ("generator", "family", "control")}
        why = None
        for channel, measure, log in (("x", x, log_x), ("y", y, log_y)):
            cell = cells.get((arm["generator"], arm["run"], measure))
            if cell is None or pd.isna(cell["value"]):
                why = f"{measure} has no value: {cell['reason'] if cell is not None else 'no row'}"
                break
            if log and cell["value"] <= 0:
                why = f"{measure} is {number(cell['value'])}, which a logarithmic scale cannot show"
                break
            bounds_fit = not log or (pd.notna(cell["low"]) and cell["low"] > 0)
            row |= {
                channel: float(cell["value"]),
                f"{channel}_low": cell["low"] if bounds_fit else None,
                f"{channel}_high": cell["high"] if bounds_fit else None,
            }
        if why is None:
            rows.append(row | {"covered": arm["coverage"] >= 1})
        elif not arm["control"]:
            left_out.append((str(arm["generator"]), why))
    columns = ["generator", "family", "control", "x", "x_low", "x_high", "y", "y_low", "y_high", "covered"]
    points = pd.DataFrame(rows, columns=columns)
    numbers = ["x", "x_low", "x_high", "y", "y_low", "y_high"]
    points[numbers] = points[numbers].astype(float)
    points["front"] = _front(points, side_x.higher_is_better, side_y.higher_is_better)
    return Pair(side_x, side_y, board.unit(x), board.unit(y), points.drop(columns="covered"), tuple(left_out))


def _side(board: BoardTable, measure: str, log: bool, clips: Pace | None) -> Side:
    unit = board.unit(measure)
    drawn = board.scored.loc[(board.scored["name"] == measure) & ~board.scored["control"], "value"]
    title = f"{measure} score" if measure in board.weights else measure
    lines = real_time_lines(measure, drawn, clips)
    return Side(f"{title} ({unit})" if unit else title, log, board.direction(measure), lines)


def real_time_lines(
    measure: str, drawn: pd.Series[float], clips: Pace | None
) -> tuple[tuple[float, str], ...]:
    """Values at which clips are made at 1, 2, 4 … times the speed they play at, where the data lie.

    Real time itself is marked when it is within a factor of three of the data, so that it does not
    squeeze them into a corner; of the others at most four.
    """
    if clips is None or drawn.empty or clips.at(measure, 1.0) is None or float(drawn.min()) <= 0:
        return ()
    low, high = float(drawn.min()), float(drawn.max())
    lines = {2.0**k: clips.at(measure, 2.0**k) or 0.0 for k in range(-12, 13)}
    inside = [f for f, value in lines.items() if f != 1 and low * 0.85 <= value <= high * 1.15]
    kept = inside[:: max(1, math.ceil(len(inside) / _MOST_LINES))]
    kept += [1.0] * (low / 3 <= lines[1.0] <= high * 3)
    return tuple((lines[f], "real time" if f == 1 else f"{f:g}× real time") for f in sorted(kept))


def _front(points: pd.DataFrame, x_up: bool | None, y_up: bool | None) -> list[bool]:
    """Which points are on the Pareto front of the covered generators; controls never are."""
    if x_up is None or y_up is None:
        return [False] * len(points)
    covered = points["covered"].astype(bool) & ~points["control"].astype(bool)
    on = pd.Series(False, index=points.index)
    if covered.any():
        signs = np.array([1.0 if x_up else -1.0, 1.0 if y_up else -1.0])
        on[covered] = front(points.loc[covered, ["x", "y"]].to_numpy(dtype=np.float64) * signs)
    return [bool(there) for there in on]
