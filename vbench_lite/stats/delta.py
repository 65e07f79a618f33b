"""A mean or a difference with its uncertainty: interval and one-sided tests from the same numbers.

- `Delta`: Student's t, and for units that may be skewed also t with Hall's correction for it (Hall 1992,
  J. R. Stat. Soc. B 54); the wider end and the larger p-value count.
- `BoundedDelta`: the score test on a closed range (`stats.bounded`), for units that pile up on its ends.

They cannot contradict each other: an end of a 95% interval is where a one-sided p-value is 0.025.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.stats.bounded import score, score_interval
from vbench_lite.stats.student import cdf, quantile

SKEW_FROM = 8  # units; of fewer, a skewness says nothing


@dataclass(frozen=True)
class Delta:
    """A number with its uncertainty.

    Attributes:
        se: standard error; 0 where nothing varies.
        dof: degrees of freedom of Student's t.
        n: independent units behind it (prompts, or rounds of the smaller arm).
        skew: skewness of the mean: that of the units over the root of n; 0 where it does not count.
        lasting: the part of `se` that more units would leave as it is.
    """

    value: float
    se: float
    dof: float
    n: int
    skew: float = 0.0
    lasting: float = 0.0

    @classmethod
    def of(cls, units: Floats, *, skewed: bool = False) -> Delta:
        """The mean of independent numbers, float64 (n >= 2,).

        skewed: they may be, as values are and differences of equal generators are not.
        """
        count = len(units)
        sd = float(units.std(ddof=1))
        skew = 0.0
        if skewed and count >= SKEW_FROM and sd > 0:
            third = float(((units - units.mean()) ** 3).mean()) / float(units.std()) ** 3
            skew = third * math.sqrt(count * (count - 1)) / (count - 2) / math.sqrt(count)
        return cls(float(units.mean()), sd / math.sqrt(count), count - 1.0, count, skew)

    @property
    def scale(self) -> float:
        """What stands for a standard error where power is asked for."""
        return self.se

    def negated(self) -> Self:
        """The same of the numbers with the other sign; 0 stays 0."""
        return replace(self, value=-self.value or 0.0, skew=-self.skew or 0.0)

    def interval(self) -> tuple[float, float]:
        """Two-sided 95% interval; a point where nothing varies."""
        cut = quantile(0.975, self.dof)
        down = max(cut, _uncorrected(cut, self.skew))
        up = max(cut, -_uncorrected(-cut, self.skew))
        return self.value - down * self.se, self.value + up * self.se

    def p_below(self, bound: float) -> float:
        """One-sided p-value for "the number is at least `bound`"; small says it is below."""
        return self.negated().p_above(-bound)

    def p_above(self, bound: float) -> float:
        """One-sided p-value for "the number is at most `bound`"; small says it is above."""
        gap = self.value - bound
        if self.se == 0:
            return 0.0 if gap > 0 else (1.0 if gap < 0 else 0.5)
        t = gap / self.se
        return cdf(-min(t, _corrected(t, self.skew)), self.dof)


@dataclass(frozen=True)
class BoundedDelta(Delta):
    """The mean of units in [low, high], by the score test.

    units: their values.
    """

    units: tuple[float, ...] = ()
    low: float = -1.0
    high: float = 1.0

    @classmethod
    def within(cls, units: Floats, low: float, high: float) -> BoundedDelta:
        """The mean of independent numbers, float64 (n >= 2,) in [low, high]."""
        held = np.clip(units, low, high)
        plain = Delta.of(held)
        return cls(plain.value, plain.se, math.inf, plain.n, units=tuple(held.tolist()), low=low, high=high)

    @cached_property
    def _ends(self) -> tuple[float, float]:
        return score_interval(np.array(self.units), self.low, self.high)

    @property
    def scale(self) -> float:
        low, high = self._ends
        return (high - low) / 2 / quantile(0.975, math.inf)

    def negated(self) -> Self:
        return replace(
            self,
            value=-self.value or 0.0,
            units=tuple(-unit or 0.0 for unit in self.units),
            low=-self.high,
            high=-self.low,
        )

    def interval(self) -> tuple[float, float]:
        """Two-sided 95% interval; it has a width even where nothing was seen to vary."""
        return self._ends

    def p_above(self, bound: float) -> float:
        statistic = float(score(np.array(self.units), self.low, self.high, np.array([bound]))[0])
        return cdf(-statistic, math.inf)


def _corrected(t: float, skew: float) -> float:
    """Hall's cubic transformation of a t statistic, which takes its skewness away.

    Far out, where the correction would exceed what a second-order term can, it is held to a third of t.
    """
    part = min(max(skew * t, -1.0), 1.0)
    return t * (1 + part / 3 + part**2 / 27) + skew / 6


def _uncorrected(value: float, skew: float) -> float:
    """The t statistic that the transformation takes to a value."""
    if abs(skew) < 1e-9:
        return value
    centred = value - skew / 6
    t = float(3 / skew * (np.cbrt(1 + skew * centred) - 1))
    if abs(skew * t) <= 1:
        return t
    return centred / (1 + math.copysign(1, skew * centred) / 3 + 1 / 27)
