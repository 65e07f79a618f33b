"""How a number grows with the size of a request, and where two such curves cross.

One value a process (a median over its calls) is one observation, because calls of one process share
its luck. Straight lines are fitted by least squares with Student's t (Draper & Smith, Applied
Regression Analysis, 1998, chapter 1):

- a power law y = c x^p is a line in logarithms, and p is its slope: the growth over the sizes that
  were measured, fixed costs included;
- memory is a line in plain numbers: weights and libraries first, then so much for each frame.

What a straight line cannot follow (steps, curvature) is in its residuals, so it widens the
intervals instead of hiding. Crossings are Fieller's set for a root (Fieller 1954, J. R. Stat. Soc. B
16): where the band of the difference of two curves holds zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from vbench_lite.errors import NotApplicable
from vbench_lite.stats.student import quantile


@dataclass(frozen=True)
class Interval:
    """A value with its 95% interval; an end is None where the data set no bound."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Line:
    """A fitted straight line y = intercept + slope x.

    Attributes:
        residual_sd: standard deviation of observations around the line.
        spread_x: sum of squares of x around mean_x.
        low_x, high_x: the range that was measured.
        r_squared: share of the variance of y that the line explains.
    """

    intercept: float
    slope: float
    residual_sd: float
    count: int
    mean_x: float
    spread_x: float
    low_x: float
    high_x: float
    r_squared: float

    def at(self, x: float) -> float:
        return self.intercept + self.slope * x

    def slope_interval(self) -> Interval:
        """The slope with its interval."""
        half = self.t * self.residual_sd / math.sqrt(self.spread_x)
        return Interval(self.slope, self.slope - half, self.slope + half)

    def prediction(self, x: float) -> Interval:
        """Where one more observation at x would lie."""
        spread = 1 + 1 / self.count + (x - self.mean_x) ** 2 / self.spread_x
        half = self.t * self.residual_sd * math.sqrt(spread)
        return Interval(self.at(x), self.at(x) - half, self.at(x) + half)

    @property
    def t(self) -> float:
        """Student's t for two-sided intervals with this line's degrees of freedom."""
        return quantile(0.975, self.count - 2)


def fit_line(x: Sequence[float], y: Sequence[float]) -> Line:
    """Fit a line by least squares.

    Raises:
        NotApplicable: fewer than three observations, or fewer than two different x.
    """
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(xs) < 3 or len(set(xs.tolist())) < 2:
        raise NotApplicable(
            f"a line needs 3 observations at 2 sizes, there are {len(xs)} at {len(set(xs.tolist()))}"
        )
    from scipy import stats  # slow to import

    found = stats.linregress(xs, ys)
    spread_x = float(xs.var() * len(xs))
    return Line(
        intercept=float(found.intercept),
        slope=float(found.slope),
        residual_sd=float(found.stderr) * math.sqrt(spread_x),
        count=len(xs),
        mean_x=float(xs.mean()),
        spread_x=spread_x,
        low_x=float(xs.min()),
        high_x=float(xs.max()),
        r_squared=float(found.rvalue) ** 2 if np.ptp(ys) else 1.0,
    )


def fit_power(sizes: Sequence[float], values: Sequence[float]) -> Line:
    """Fit log value over log size; the slope is the exponent.

    Raises:
        NotApplicable: too few observations, or one that is not positive.
    """
    if min(*sizes, *values, math.inf) <= 0:
        raise NotApplicable("a power law needs positive sizes and values")
    return fit_line(np.log(sizes).tolist(), np.log(values).tolist())


def largest_within(line: Line, limit: float) -> Interval | None:
    """The largest x whose y stays within a limit, for a y that grows along a fitted line.

    Returns:
        The x at which the line meets the limit. Between low and high, one more observation may lie
        on either side; high is None where the growth could be too small to meet the limit ever.
        None if no growth can be told from the data.
    """
    slope = line.slope_interval()
    if slope.low is None or slope.low <= 0:
        return None
    ends = _where_band_holds(line, limit, single=True)
    if ends is None:  # the band is narrower than rounding
        value = (limit - line.intercept) / line.slope
        return Interval(value, value, value)
    return Interval((limit - line.intercept) / line.slope, *ends)


class CrossingState(StrEnum):
    """What the data say of a crossing within the sizes that were measured."""

    FOUND = "found"
    NONE = "no crossing in range"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Crossing:
    """Where the second of two curves overtakes the first.

    Attributes:
        at: the size with its interval, clipped to the measured range; only for FOUND.
        smaller_below: 0 or 1, the curve with the smaller values at the lower end of the range;
            None if that is not clear.
        smaller_above: the same for the upper end.
    """

    state: CrossingState
    at: Interval | None
    smaller_below: int | None
    smaller_above: int | None


def find_crossing(sizes: Sequence[float], first: Sequence[float], second: Sequence[float]) -> Crossing:
    """Compare two curves measured at the same sizes, observation by observation.

    Args:
        sizes: of every observation.
        first, second: positive values; pairs share size and round, so a drift of the machine cancels.

    Raises:
        NotApplicable: too few observations.
    """
    ratios = np.log(np.asarray(first, np.float64)) - np.log(np.asarray(second, np.float64))
    line = fit_line(np.log(np.asarray(sizes, np.float64)).tolist(), ratios.tolist())
    below, above = _sign(line, line.low_x), _sign(line, line.high_x)
    if below is not None and below == above:
        # The band's half-width is convex in x, so its edge nearest to zero is nearest at an end: one sign
        # at both ends is that sign everywhere between.
        return Crossing(CrossingState.NONE, None, below, above)
    root = -line.intercept / line.slope if line.slope else math.inf
    ends = _where_band_holds(line, 0.0, single=False)
    slope = line.slope_interval()
    certain = slope.low is not None and slope.high is not None and slope.low * slope.high > 0
    if not certain or not line.low_x <= root <= line.high_x or None in (below, above):
        return Crossing(CrossingState.UNDECIDED, None, below, above)
    low, high = ends if ends is not None else (root, root)
    return Crossing(
        CrossingState.FOUND,
        Interval(
            math.exp(root),
            math.exp(max(low, line.low_x)) if low is not None else math.exp(line.low_x),
            math.exp(min(high, line.high_x)) if high is not None else math.exp(line.high_x),
        ),
        below,
        above,
    )


def _sign(line: Line, x: float) -> int | None:
    """The curve that is smaller at x for sure: 0 the first (negative difference), 1 the second."""
    half = line.t * line.residual_sd * math.sqrt(1 / line.count + (x - line.mean_x) ** 2 / line.spread_x)
    value = line.at(x)
    if value + half < 0:
        return 0
    return 1 if value - half > 0 else None


def _where_band_holds(line: Line, y: float, *, single: bool) -> tuple[float, float | None] | None:
    """The x between which the line's band holds y, for a slope that is not zero for sure.

    Args:
        single: the band of one more observation, else that of the line itself.
    """
    gap = line.at(line.mean_x) - y
    wide = (line.t * line.residual_sd) ** 2
    a = line.slope**2 - wide / line.spread_x
    b = 2 * line.slope * gap
    c = gap**2 - wide * ((1 if single else 0) + 1 / line.count)
    inside = b * b - 4 * a * c
    if a <= 0 or inside < 0 or wide == 0:
        return None
    roots = sorted((-b + side * math.sqrt(inside)) / (2 * a) for side in (-1, 1))
    return line.mean_x + roots[0], line.mean_x + roots[1]
