"""The controls' side of a board: what each metric scores on them, and distances that disagree.

Flags come from the board; here values are laid out and orders compared.
"""

from __future__ import annotations

from itertools import combinations

import pandas as pd

from vbench_lite.report.panels.boards import BoardTable
from vbench_lite.report.panels.theme import number

_DISTANCES = "distribution/"


def table(board: BoardTable) -> pd.DataFrame:
    """One row a metric that controls have: metric, better, verdict, unit, a column for each control."""
    rows = board.scored[(board.scored["kind"] == "metric") & board.scored["control"]]
    flagged = dict(zip(board.trust["metric"], board.trust["kind"], strict=True))
    controls = list(dict.fromkeys(board.arms.loc[board.arms["control"], "generator"]))
    out = []
    for metric in dict.fromkeys(rows["name"]):
        mine = rows[rows["name"] == metric].set_index("generator")["value"]
        higher = board.direction(str(metric))
        row = {
            "metric": metric,
            "better": "–" if higher is None else ("higher" if higher else "lower"),
            "verdict": _verdict(flagged.get(metric), higher),
            "unit": board.unit(str(metric)),
        }
        out.append(row | {c: number(mine.get(c)) for c in controls})
    return pd.DataFrame(out)


def _verdict(flag: str | None, higher: bool | None) -> str:
    if flag is not None:
        return {"floor_beats_real": "a control beats real", "no_scale": "no scale"}.get(flag, flag)
    return "description" if higher is None else "fine"


def arms_of(board: BoardTable, metric: str) -> pd.DataFrame:
    """Every arm with a value of a metric, generators first: generator, family, value, low, high, n."""
    rows = board.scored[board.scored["name"] == metric].sort_values("control", kind="stable")
    return rows[["generator", "family", "value", "low", "high", "n"]]


def conflicts(board: BoardTable) -> pd.DataFrame:
    """Pairs of distances that order two generators differently: first, second, and whom.

    Only the order of the values is compared; `firm` says whether the intervals of both distances keep
    the two generators apart.
    """
    rows = board.scored[
        (board.scored["kind"] == "metric")
        & ~board.scored["control"]
        & board.scored["name"].str.startswith(_DISTANCES)
    ]
    found = []
    for one, two in combinations(sorted(set(rows["name"])), 2):
        left = rows[rows["name"] == one].set_index("generator")
        right = rows[rows["name"] == two].set_index("generator")
        for a, b in combinations(sorted(set(left.index) & set(right.index)), 2):
            gap, other = (m.loc[a, "value"] - m.loc[b, "value"] for m in (left, right))
            if gap * other < 0:
                firm = all(_apart(m, a, b) for m in (left, right))
                found.append((one, two, a, b, "yes" if firm else "no"))
    return pd.DataFrame(found, columns=["distance", "other distance", "generator", "other generator", "firm"])


def _apart(metric: pd.DataFrame, one: str, two: str) -> bool:
    """Whether two intervals are known and do not overlap."""
    ends = metric.loc[[one, two], ["low", "high"]]
    if ends.isna().to_numpy().any():
        return False
    return bool(ends["low"].max() > ends["high"].min())
