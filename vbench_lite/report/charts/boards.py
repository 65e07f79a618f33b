"""A board laid out as tables: scores with intervals and ranks, metrics by axis, controls apart.

Every number, interval, rank and flag comes from `report.board`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from vbench_lite.format import NONE, interval, number, place_text
from vbench_lite.report.charts.style import axis_order, family_title
from vbench_lite.results.axes import RELATIVE_AXES
from vbench_lite.results.board import BoardRow
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.results.labels import row_titles

VALUES = (
    "generator", "family", "run", "created", "kind", "name", "value", "low", "high", "n", "unit",
    "higher_is_better", "rank_best", "rank_worst", "reason", "control", "disturbed", "protocol",
)  # fmt: skip
ARMS = ("generator", "family", "run", "created", "control", "coverage", "ok", "planned", "failures")


@dataclass(frozen=True)
class BoardTable:
    """A board as frames.

    Attributes:
        suite: name@version.
        arms: columns ARMS, one row a generator, then the controls.
        values: columns VALUES, one row for each measure (kind "axis" or "metric") of each arm, with
            `reason` where there is no value.
        trust: metric, kind, control, value, real, axes (joined), reason.
        conflicts: distance, other_distance, generator, other_generator, firm: which distances order two
            generators differently, and whether that is beyond noise.
        weights: weight of each metric by axis.
        gates: the metrics that gate an axis, each with its floor.
        published: the axes whose ends a publication fixes, and no control.
        notes: what the board says about ranks that cannot be had.
    """

    suite: str
    arms: pd.DataFrame
    values: pd.DataFrame
    trust: pd.DataFrame
    conflicts: pd.DataFrame
    weights: Mapping[str, Mapping[str, float]]
    gates: Mapping[str, Sequence[tuple[str, float]]]
    published: frozenset[str]
    notes: tuple[str, ...]

    @property
    def axes(self) -> list[str]:
        """The suite's axes in the order of display."""
        return axis_order(set(self.weights))

    @property
    def families(self) -> dict[str, str]:
        """The family of each generator and control."""
        return dict(zip(self.arms["generator"], self.arms["family"], strict=True))

    @property
    def scored(self) -> pd.DataFrame:
        """The values that are there."""
        return self.values[self.values["value"].notna()]

    def measures(self) -> list[str]:
        """Axes, then metric ids, of which a generator has a value."""
        there = self.scored[~self.scored["control"]]
        axes = set(there.loc[there["kind"] == "axis", "name"])
        return [
            *(a for a in self.axes if a in axes),
            *sorted(set(there.loc[there["kind"] == "metric", "name"])),
        ]

    def of(self, measure: str, generators: Sequence[str]) -> pd.DataFrame:
        """The values of one measure of some generators that are there."""
        rows = self.scored
        return rows[(rows["name"] == measure) & rows["generator"].isin(generators)]

    def cells(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """The rows of `values` by (generator, run, measure)."""
        rows = self.values.to_dict("records")
        return {(r["generator"], r["run"], r["name"]): {str(k): v for k, v in r.items()} for r in rows}

    def unit(self, measure: str) -> str:
        """Unit of a metric; "" for axes and pure numbers."""
        rows = self.values.loc[self.values["name"] == measure, "unit"]
        return str(rows.iloc[0]) if len(rows) else ""

    def direction(self, measure: str) -> bool | None:
        """Whether higher is better; None where neither direction is."""
        rows = self.values.loc[self.values["name"] == measure, "higher_is_better"]
        found = rows.iloc[0] if len(rows) else None
        return None if found is None or pd.isna(found) else bool(found)


def table(board: Mapping[str, Any]) -> BoardTable:
    """Lay out a board in its JSON form (`Board.as_dict`)."""
    axes = board["suite"]["axes"]
    arms: list[dict[str, Any]] = []
    values: list[dict[str, Any]] = []
    for control, rows in ((False, board["rows"]), (True, board["controls"])):
        for row in (one for one in rows if not one["imported"]):  # results of others have tables of their own
            head = {key: row[key] for key in ("generator", "family", "run", "created")} | {"control": control}
            counts = {"coverage": row["coverage"], **row["samples"]}
            failures = "; ".join(f"{n} × {why}" for why, n in row["samples"]["failures"].items())
            arms.append({**head, **counts, "failures": failures})
            busy = {metric for metric, cell in row["metrics"].items() if cell.get("disturbed_calls")}
            values += [
                _value(head, "axis", axis, cell)
                | {"disturbed": not busy.isdisjoint(axes[axis]["metrics"]), "protocol": row["protocol"]}
                for axis, cell in row["axes"].items()
            ]
            values += [
                _value(head, "metric", metric, cell)
                | {"disturbed": metric in busy, "protocol": row["protocol"]}
                for metric, cell in row["metrics"].items()
            ]
    frame = pd.DataFrame(values, columns=list(VALUES))
    numbers = ["value", "low", "high", "n", "rank_best", "rank_worst"]
    frame[numbers] = frame[numbers].astype(float)
    trust = [{**flag, "axes": ", ".join(flag["axes"])} for flag in board["trust"]]
    return BoardTable(
        suite=f"{board['suite']['name']}@{board['suite']['version']}",
        arms=pd.DataFrame(arms, columns=list(ARMS)),
        values=frame.astype({"control": bool, "disturbed": bool}),
        trust=pd.DataFrame(trust, columns=["metric", "kind", "control", "value", "real", "axes", "reason"]),
        conflicts=pd.DataFrame(
            board["conflicts"],
            columns=["distance", "other_distance", "generator", "other_generator", "firm"],
        ),
        weights={axis: spec["metrics"] for axis, spec in axes.items()},
        gates={a: [(g["metric"], float(g["floor"])) for g in s["gates"]] for a, s in axes.items()},
        published=frozenset(axis for axis, spec in axes.items() if spec["ends"]),
        notes=tuple(board["notes"]),
    )


def _value(head: Mapping[str, Any], kind: str, name: str, cell: Mapping[str, Any]) -> dict[str, Any]:
    low, high = cell["ci"] or (None, None)
    best, worst = cell.get("rank") or (None, None)
    return {
        **head,
        **{key: cell[key] for key in ("value", "n", "reason")},
        "kind": kind,
        "name": name,
        "low": low,
        "high": high,
        "unit": cell.get("unit", ""),
        "higher_is_better": cell["higher_is_better"] if kind == "metric" else True,
        "rank_best": best,
        "rank_worst": worst,
    }


def only(board: BoardTable, generators: Sequence[str]) -> BoardTable:
    """The board with these generators only; controls stay. Ranks stay those among all."""
    arms = board.arms[board.arms["control"] | board.arms["generator"].isin(generators)]
    values = board.values[board.values["control"] | board.values["generator"].isin(generators)]
    return replace(board, arms=arms, values=values)


def titled(board: BoardTable, rows: Sequence[BoardRow]) -> BoardTable:
    """The board with generators of one label, from several runs, under names that tell them apart.

    Args:
        rows: those that the board was laid out from.
    """
    alike = Counter(row.arm.generator for row in rows)
    names = {
        (row.arm.run_id, row.arm.generator): title
        for row, title in zip(rows, row_titles(rows), strict=True)
        if alike[row.arm.generator] > 1
    }

    def named(frame: pd.DataFrame) -> pd.DataFrame:
        keys = zip(frame["run"], frame["generator"], strict=True)
        return frame.assign(generator=[names.get(key, key[1]) for key in keys])

    return replace(board, arms=named(board.arms), values=named(board.values))


def axis_rows(board: BoardTable, axis: str) -> pd.DataFrame:
    """Generators with a score on an axis, best first: generator, family, value, low, high."""
    rows = board.scored
    rows = rows[(rows["name"] == axis) & (rows["kind"] == "axis") & ~rows["control"]]
    return rows.sort_values(["value", "generator"], ascending=[False, True])[
        ["generator", "family", "value", "low", "high"]
    ]


def _rank(best: float, worst: float) -> str:
    return NONE if math.isnan(best) or math.isnan(worst) else place_text((int(best), int(worst)))


def axis_table(board: BoardTable, controls: bool = False) -> pd.DataFrame:
    """One row an arm: family, coverage, and for each axis the score, its interval and its rank.

    Columns of an axis are "AXIS", "AXIS 95%" and (for generators) "AXIS rank".
    """
    arms = board.arms[board.arms["control"] == controls]
    out = pd.DataFrame({"generator": list(arms["generator"])})
    if not controls:
        out["family"] = [family_title(f) for f in arms["family"]]
    out["coverage"] = list(arms["coverage"])
    cells = board.cells()
    keys = list(zip(arms["generator"], arms["run"], strict=True))
    for axis in board.axes:
        rows = [cells[(generator, run, axis)] for generator, run in keys]
        if controls and all(pd.isna(row["value"]) for row in rows):
            continue
        out[axis] = [row["value"] for row in rows]
        out[f"{axis} 95%"] = [interval(row["low"], row["high"]) for row in rows]
        if not controls:
            out[f"{axis} rank"] = [_rank(row["rank_best"], row["rank_worst"]) for row in rows]
    return out


def metric_table(board: BoardTable, axis: str | None, axis_of: Mapping[str, str | None]) -> pd.DataFrame:
    """Values of the metrics that belong to an axis, or of all; one row an arm and metric, controls last.

    Args:
        axis_of: the axis that a metric declares; metrics that weigh on the axis are shown in any case.
    """
    names = [
        m
        for m in dict.fromkeys(board.values["name"])
        if axis is None or m in board.weights.get(axis, {}) or axis_of.get(m) == axis
    ]
    rows = board.values[(board.values["kind"] == "metric") & board.values["name"].isin(names)]
    rows = rows.sort_values("control", kind="stable")
    flagged = set(board.trust["metric"])
    reasons = [r if isinstance(r, str) else "" for r in rows["reason"]]
    table = pd.DataFrame(
        {
            "metric": [f"{m} (not trusted here)" if m in flagged else m for m in rows["name"]],
            "generator": list(rows["generator"]),
            "value": [number(v, u) for v, u in zip(rows["value"], rows["unit"], strict=True)],
            "95% interval": [
                interval(a, b, u) for a, b, u in zip(rows["low"], rows["high"], rows["unit"], strict=True)
            ],
            "n": rows["n"].fillna(0).astype(int).tolist(),
            "better": [better(b) for b in rows["higher_is_better"]],
            "weight": [f"{board.weights.get(axis or '', {}).get(m, 0):g}" for m in rows["name"]],
            "why no value": reasons,
            "meaning": [metric_facts(str(m), {}).summary for m in rows["name"]],
        }
    ).sort_values("metric", kind="stable")
    return table if any(reasons) else table.drop(columns="why no value")


def better(higher: Any) -> str:
    """Which values of a metric are better, in a word; a dash where neither are."""
    return "–" if higher is None or pd.isna(higher) else ("higher" if higher else "lower")


def axis_lines(board: BoardTable) -> pd.DataFrame:
    """Axis scores of generators, long, in the order of axes: generator, family, axis, value, place.

    place is where a score lies on the scale of its axis, 0 to 1: the score itself where 0 and 1 are the
    worst control and real clips; for speed and memory between the lowest and the highest of the drawn
    scores and the suite's reference.
    """
    rows = board.scored
    rows = rows[(rows["kind"] == "axis") & ~rows["control"]]
    order = {axis: place for place, axis in enumerate(board.axes)}
    rows = rows.assign(place=[order[a] for a in rows["name"]]).sort_values("place", kind="stable")
    lines = rows.rename(columns={"name": "axis"})[["generator", "family", "axis", "value"]]
    low = lines.groupby("axis")["value"].transform("min").clip(upper=0.0)
    high = lines.groupby("axis")["value"].transform("max").clip(lower=0.0)
    relative = lines["axis"].isin([str(axis) for axis in RELATIVE_AXES])
    span = (high - low).where(high > low, 1.0)
    return lines.assign(place=lines["value"].where(~relative, (lines["value"] - low) / span))


def axis_wide(lines: pd.DataFrame) -> pd.DataFrame:
    """The scores of `axis_lines` with one row a generator and one column an axis."""
    axes = list(dict.fromkeys(lines["axis"]))
    return lines.pivot(index="generator", columns="axis", values="value")[axes].reset_index()


def declared_axes(board: BoardTable) -> dict[str, str | None]:
    """The axis that each metric of a board declares; None for one that no installed package registers."""
    names = board.values.loc[board.values["kind"] == "metric", "name"]
    return {str(name): metric_facts(str(name), {}).axis for name in dict.fromkeys(names)}


def ordered(table: pd.DataFrame, by: str | None) -> pd.DataFrame:
    """The rows of `axis_table` by family, or best first by an axis; as they are where `by` is None."""
    if by is None:
        return table
    return table.sort_values(by, ascending=by == "family", kind="stable", na_position="last")


def why_empty(board: BoardTable, axis: str) -> str:
    """Why no generator has a score on an axis: the first reason given."""
    rows = board.values[(board.values["name"] == axis) & ~board.values["control"]]
    reasons = [reason for reason in rows["reason"] if isinstance(reason, str)]
    return reasons[0] if reasons else "the suite has no such axis"
