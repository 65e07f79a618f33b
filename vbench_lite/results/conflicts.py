"""Distances to the same real clips that order two generators differently: then neither order is firm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from vbench_lite.arrays import Bools, Floats

DISTANCES = "distribution/"

Interval = tuple[float, float | None, float | None]  # value, low, high


@dataclass(frozen=True)
class Conflict:
    """Two distances, and two generators that they order differently.

    firm: whether the intervals of both distances are known and keep the two generators apart; else the
        conflict is within noise.
    """

    distance: str
    other_distance: str
    generator: str
    other_generator: str
    firm: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values: the attributes by name."""
        return asdict(self)


def find_conflicts(values: Mapping[str, Mapping[str, Interval]]) -> list[Conflict]:
    """Every conflict between distances, where lower is better: {distance: {generator: interval}}."""
    found = []
    for one, two in combinations(sorted(values), 2):
        names = sorted(values[one].keys() & values[two].keys())
        left, right = (_column(values[distance], names) for distance in (one, two))
        a, b = np.triu_indices(len(names), 1)
        crossed = (left[a, 0] - left[b, 0]) * (right[a, 0] - right[b, 0]) < 0
        a, b = a[crossed], b[crossed]
        firm = _apart(left[a], left[b]) & _apart(right[a], right[b])
        found += [
            Conflict(one, two, names[i], names[j], sure)
            for i, j, sure in zip(a.tolist(), b.tolist(), firm.tolist(), strict=True)
        ]
    return found


def _column(intervals: Mapping[str, Interval], names: Sequence[str]) -> Floats:
    """Value, low and high of some generators, float64 (generators, 3); NaN where an end is unknown."""
    return np.array([intervals[name] for name in names], dtype=np.float64).reshape(-1, 3)


def _apart(one: Floats, two: Floats) -> Bools:
    """Which intervals are known and do not overlap, of two columns: bool (pairs,)."""
    return np.maximum(one[:, 1], two[:, 1]) > np.minimum(one[:, 2], two[:, 2])
