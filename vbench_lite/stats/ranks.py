"""Ranks as intervals: what the data can say about who is first, and no more.

Two contestants are ordered where their difference is significant after Holm's adjustment over all
pairs; the rank of each then lies between 1 + (how many are surely better) and K - (how many are
surely worse). With 95% confidence all these intervals hold the true ranks together
(Mogstad, Romano, Shaikh & Wilhelm 2024, Review of Economic Studies 91).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from vbench_lite.stats.multiple import holm
from vbench_lite.stats.student import cdf


@dataclass(frozen=True)
class Difference:
    """First minus second, oriented so that + means the first is better.

    se: standard error; 0 where nothing varies, infinite where it is unknown.
    dof: degrees of freedom of the t distribution.
    least: differences smaller than this are ties, however exactly they are known.
    """

    value: float
    se: float
    dof: float
    least: float = 0.0

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no difference."""
        if self.value == 0 or abs(self.value) < self.least:
            return 1.0
        if self.se == 0:
            return 0.0
        return 2 * cdf(-abs(self.value) / self.se, self.dof)


def rank_intervals(
    names: Sequence[str],
    differences: Mapping[tuple[str, str], Difference],
    confidence: float = 0.95,
) -> dict[str, tuple[int, int]]:
    """Return (best, worst) possible rank of each name; 1 is best.

    Args:
        differences: for every pair in the order of `names`, first minus second.
    """
    pairs = list(combinations(names, 2))
    adjusted = holm([differences[pair].p_value for pair in pairs])
    better = dict.fromkeys(names, 0)
    worse = dict.fromkeys(names, 0)
    for (first, second), p_value in zip(pairs, adjusted, strict=True):
        if p_value <= 1 - confidence:
            up, down = (first, second) if differences[first, second].value > 0 else (second, first)
            better[down] += 1
            worse[up] += 1
    return {name: (1 + better[name], len(names) - worse[name]) for name in names}
