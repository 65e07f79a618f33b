"""The controls' side of a board: what each metric scores on them, and distances that disagree.

Flags and conflicts come from the board; here they are laid out.
"""

from __future__ import annotations

import pandas as pd

from vbench_lite.format import listed, number
from vbench_lite.report.charts.boards import BoardTable, better
from vbench_lite.results.arms import CEILING, control_of


def table(board: BoardTable) -> pd.DataFrame:
    """One row a metric that controls have: metric, better, verdict, unit, a column for each control."""
    rows = board.scored[(board.scored["kind"] == "metric") & board.scored["control"]]
    flagged = dict(zip(board.trust["metric"], board.trust["kind"], strict=True))
    real = next((c for c in dict.fromkeys(rows["generator"]) if control_of(str(c), None) == CEILING), None)
    controls = list(dict.fromkeys(board.arms.loc[board.arms["control"], "generator"]))
    out = []
    for metric in dict.fromkeys(rows["name"]):
        mine = rows[rows["name"] == metric].set_index("generator")["value"]
        higher = board.direction(str(metric))
        row = {
            "metric": metric,
            "better": better(higher),
            "verdict": _verdict(flagged.get(metric), higher) + _blind(board, str(metric), mine, real, higher),
            "unit": board.unit(str(metric)),
        }
        out.append(row | {c: number(mine.get(c)) for c in controls})
    return pd.DataFrame(out)


def _blind(
    board: BoardTable, metric: str, values: pd.Series[float], real: str | None, higher: bool | None
) -> str:
    """Which controls score as well as real clips on a metric, and what takes that away again."""
    if real is None or higher is None or real not in values:
        return ""
    sign = 1 if higher else -1
    alike = [str(c) for c in values.index if c != real and sign * (values[c] - values[real]) >= 0]
    if not alike:
        return ""
    gates = [
        gate
        for axis, those in board.gates.items()
        if metric in board.weights.get(axis, {})
        for gate, _ in those
    ]
    cured = f"; gated by {listed(gates)}" if gates else ""
    return f", blind to {listed(alike)}{cured}"


def _verdict(flag: str | None, higher: bool | None) -> str:
    if flag is not None:
        return {"floor_beats_real": "a control beats real", "no_scale": "no scale"}.get(flag, flag)
    return "description" if higher is None else "fine"


def arms_of(board: BoardTable, metric: str) -> pd.DataFrame:
    """Every arm with a value of a metric, generators first: generator, family, value, low, high, n."""
    rows = board.scored[board.scored["name"] == metric].sort_values("control", kind="stable")
    return rows[["generator", "family", "value", "low", "high", "n"]]


def conflicts(board: BoardTable) -> pd.DataFrame:
    """Pairs of distances that order two generators differently, for people: first, second, whom, and `firm`.

    Only the order of values is compared; `firm` is "yes" where the intervals of both keep the two apart.
    """
    found = board.conflicts.rename(
        columns={"other_distance": "other distance", "other_generator": "other generator"}
    )
    return found.assign(firm=["yes" if firm else "no" for firm in found["firm"]])
