"""Ranks as intervals: what the data can say about who is first, and no more.

Two contestants are ordered where their difference is significant after Shaffer's adjustment over all
pairs; the rank of each then lies between 1 + (how many are surely better) and K - (how many are
surely worse). With 95% confidence all these intervals hold the true ranks together
(Mogstad, Romano, Shaikh & Wilhelm 2024, Review of Economic Studies 91).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.stats.delta import Delta
from vbench_lite.stats.multiple import shaffer
from vbench_lite.stats.student import cdfs


@dataclass(frozen=True)
class Difference:
    """First minus second, oriented so that + means the first is better.

    se: standard error; 0 where nothing varies, infinite where it is unknown.
    dof: degrees of freedom of the t distribution.
    least: differences smaller than this are ties, however exactly they are known.
    lasting: the part of `se` that more units would leave as it is.
    """

    value: float
    se: float
    dof: float
    least: float = 0.0
    lasting: float = 0.0

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no difference."""
        return float(Differences.gathered([self]).p_values[0])

    def delta(self, n: int) -> Delta:
        """It as a number with its uncertainty, n independent units behind it."""
        return Delta(self.value, self.se, self.dof, n, lasting=self.lasting)


@dataclass(frozen=True)
class Differences:
    """Differences of every pair of some contestants, in the order of `itertools.combinations`.

    value, se, dof: float64 (pairs,), as in `Difference`. least, lasting: of all, or of each.
    """

    value: Floats
    se: Floats
    dof: Floats
    least: Floats | float = 0.0
    lasting: Floats | float = 0.0

    @classmethod
    def gathered(cls, pairs: Sequence[Difference]) -> Differences:
        """From single ones."""
        columns = [(pair.value, pair.se, pair.dof, pair.least, pair.lasting) for pair in pairs]
        return cls(*np.array(columns, dtype=np.float64).reshape(-1, 5).T)

    def of(self, pair: int) -> Difference:
        """One of them."""
        columns = (self.value, self.se, self.dof, self.least, self.lasting)
        return Difference(*(float(np.broadcast_to(column, self.value.shape)[pair]) for column in columns))

    @property
    def p_values(self) -> Floats:
        """Two-sided p-values of no difference, float64 (pairs,)."""
        size = np.abs(self.value)
        tied = (size == 0) | (size < self.least)
        sure = self.se == 0
        tails = 2 * cdfs(-size / np.where(sure, 1.0, self.se), self.dof)
        return np.where(tied, 1.0, np.where(sure, 0.0, tails))


def rank_intervals(
    names: Sequence[str],
    differences: Mapping[tuple[str, str], Difference],
) -> dict[str, tuple[int, int]]:
    """Return (best, worst) possible rank of each name; 1 is best.

    Args:
        differences: for every pair in the order of `names`, first minus second.
    """
    pairs = Differences.gathered([differences[pair] for pair in combinations(names, 2)])
    return dict(zip(names, ranks_of(len(names), pairs), strict=True))


def ranks_of(count: int, pairs: Differences) -> list[tuple[int, int]]:
    """The same of so many contestants in their order."""
    first, second = np.triu_indices(count, 1)
    ordered = np.array(shaffer(pairs.p_values, count)) <= 0.05
    ahead = np.where(pairs.value > 0, first, second)[ordered]
    behind = np.where(pairs.value > 0, second, first)[ordered]
    better, worse = (np.bincount(side, minlength=count).tolist() for side in (behind, ahead))
    return [(1 + above, count - below) for above, below in zip(better, worse, strict=True)]
