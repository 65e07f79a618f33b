"""Many tests at once: adjusted p-values of Holm, Shaffer (all pairs), and Benjamini and Hochberg."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from vbench_lite.arrays import Floats, Ints

Values = Sequence[float] | Floats
_FEW = 60  # contestants above which Shaffer's steps are Holm's within 4%


def holm(p_values: Values) -> list[float]:
    """Adjusted p-values that keep the chance of any false finding (Holm 1979, Scand. J. Statist. 6)."""
    p = _checked(p_values)
    return _stepped(p, np.arange(len(p), 0, -1))


def shaffer(p_values: Values, contestants: int) -> list[float]:
    """Holm's, for the differences of all pairs of some contestants: each step counts what can still be true.

    Where a and b differ, a = c and b = c cannot both hold: of the six pairs of four contestants, three at
    most are equal once one pair is not. So the second smallest p-value is multiplied by 3 instead of 5.

    Args:
        p_values: of all pairs of contestants.

    Source: Shaffer 1986, Journal of the American Statistical Association 81, procedure S1.
    """
    p = _checked(p_values)
    if len(p) != contestants * (contestants - 1) // 2:
        raise ValueError(f"{contestants} contestants do not have {len(p)} pairs")
    return _stepped(p, _equal_at_most(contestants))


def shaffer_factor(p_values: Values, contestants: int, place: int) -> int:
    """By how much the same procedure multiplies one of the p-values, at its place among them."""
    p = _checked(p_values)
    return int(_equal_at_most(contestants)[int(np.sum(p < p[place]))])


@cache
def _equal_at_most(contestants: int) -> Ints:
    """How many of all pairs can be equal, at most, when 0, 1, 2 ... of them are known to differ."""
    pairs = contestants * (contestants - 1) // 2
    if contestants > _FEW:
        return np.arange(pairs, 0, -1)
    can_be = [1]  # bit n of the k-th number: k contestants can fall into groups of equals with n equal pairs
    for count in range(1, contestants + 1):
        bits = 0
        for group in range(1, count + 1):
            bits |= can_be[count - group] << (group * (group - 1) // 2)
        can_be.append(bits)
    at_most = np.maximum.accumulate([n if can_be[-1] >> n & 1 else 0 for n in range(pairs + 1)])
    return at_most[:0:-1]


def _stepped(p: Floats, factors: Ints) -> list[float]:
    """The smallest times the first factor, the next times the second; none below the one before."""
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    found: list[float] = adjusted.tolist()
    return found


def benjamini_hochberg(p_values: Values) -> list[float]:
    """Adjusted p-values that keep the share of false findings (Benjamini & Hochberg 1995, JRSS B 57)."""
    from scipy import stats  # slow to import

    p = _checked(p_values)
    return [float(value) for value in stats.false_discovery_control(p)] if len(p) else []


def _checked(p_values: Values) -> Floats:
    p = np.asarray(p_values, dtype=np.float64).reshape(-1)
    if np.any(~((p >= 0) & (p <= 1))):
        raise ValueError(f"p-values lie in [0, 1], got {p_values}")
    return p
