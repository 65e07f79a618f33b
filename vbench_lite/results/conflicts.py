"""Distances to the same real clips that order two generators differently: then neither order is firm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

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
        left, right = values[one], values[two]
        for a, b in combinations(sorted(left.keys() & right.keys()), 2):
            if (left[a][0] - left[b][0]) * (right[a][0] - right[b][0]) < 0:
                firm = _apart(left[a], left[b]) and _apart(right[a], right[b])
                found.append(Conflict(one, two, a, b, firm))
    return found


def _apart(one: Interval, two: Interval) -> bool:
    """Whether two intervals are known and do not overlap."""
    if one[1] is None or one[2] is None or two[1] is None or two[2] is None:
        return False
    return max(one[1], two[1]) > min(one[2], two[2])
