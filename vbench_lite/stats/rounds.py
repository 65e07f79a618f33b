"""Call times (or peaks) of two generators, from rounds of fresh processes.

Calls of one process share its luck, and neighbouring processes share the machine's mood, so the unit is
the round: the median of its calls. A drift of the machine then cancels within rounds, and a burst of
other work spoils a round or two.

- Five rounds or more: the mean with the smallest and the largest round trimmed, and the Tukey-McLaughlin
  interval with the winsorised deviation (Yuen 1974, Biometrika 61; Wilcox, Introduction to Robust
  Estimation and Hypothesis Testing, 2012, section 4.3). Times have one-sided bursts, which would
  stretch the plain interval.
- Two to four rounds: Student's t.
- Rounds that were not interleaved (two runs): Welch's t on each arm's rounds, widened by what differs
  between two occasions (frequency, other tenants, where the memory lies), which no round of one run shows:
  `Occasions` says how large that is.

Numbers that may be 0 (stalls, seconds of stalling) are subtracted; all others are compared by ratio.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.errors import NotApplicable
from vbench_lite.grouping import grouped
from vbench_lite.stats.delta import Delta
from vbench_lite.stats.student import quantile

TRIM_FROM = 5

Rounds = Mapping[int, Sequence[float]]


@dataclass(frozen=True)
class Occasions:
    """How much the typical time of an unchanged generator moves from one run to another.

    Attributes:
        sd: standard deviation of the log of a typical time between occasions, what rounds show left out.
        dof: degrees of freedom behind it; infinite where it is taken as given.
    """

    sd: float
    dof: float = math.inf


STEADY = Occasions(0.0)
USUAL = Occasions(0.06)  # where nothing tells it of this machine


def of_any_occasion(value: Floats, low: Floats, high: Floats, *, ratio: bool = True) -> tuple[Floats, Floats]:
    """95% intervals of times, wide enough for what differs between two runs besides.

    Args:
        value, low, high: positive for a ratio; else doublings, as the axis of speed has them.
    """
    half = quantile(0.975, math.inf) * USUAL.sd
    if not ratio:
        half /= math.log(2)
        return value - np.hypot(value - low, half), value + np.hypot(high - value, half)
    down, up = np.hypot(np.log(value / low), half), np.hypot(np.log(high / value), half)
    return value * np.exp(-down), value * np.exp(up)


def by_round(calls: Mapping[str, float]) -> dict[int, list[float]]:
    """Values of calls by round; ids of calls are "case/round/index"."""
    return grouped((int(name.rsplit("/", 2)[-2]), value) for name, value in calls.items())


def medians(arm: Rounds) -> list[float]:
    """The median of each round, in the order of the rounds."""
    return [median(arm[number]) for number in sorted(arm)]


def interleaved(first: Rounds, second: Rounds, *, ratio: bool = True) -> Delta:
    """Log of second over first (or second minus first), from rounds that both have.

    Args:
        first, second: values of the warm calls by round; positive for a ratio.

    Raises:
        NotApplicable: fewer than two rounds in common, or a ratio of a value that is not positive.
    """
    common = sorted(first.keys() & second.keys())
    if len(common) < 2:
        raise NotApplicable(
            f"times are compared by rounds, and at least 2 of both are needed, not {len(common)} "
            "(performance.rounds of the suite)"
        )
    units = _units(second, common, ratio) - _units(first, common, ratio)
    count = len(units)
    if count < TRIM_FROM:
        return Delta.of(units)
    ordered = np.sort(units)
    winsorised = np.clip(ordered, ordered[1], ordered[-2])
    kept = count - 2
    se = float(winsorised.std(ddof=1)) / (kept / count * math.sqrt(count))
    return Delta(float(ordered[1:-1].mean()), se, kept - 1.0, count)


def separate(first: Rounds, second: Rounds, *, ratio: bool = True, between: Occasions = STEADY) -> Delta:
    """Log of second over first (or second minus first), from rounds of two runs.

    Args:
        between: what differs between the two occasions; its standard deviation is that of a log, so for
            plain differences it is taken in units of the mean of both arms.

    Raises:
        NotApplicable: an arm has fewer than two rounds, or a ratio of a value that is not positive.
    """
    if min(len(first), len(second)) < 2:
        raise NotApplicable(
            f"times are compared by rounds, and at least 2 of both are needed, not {len(first)} and "
            f"{len(second)} (performance.rounds of the suite)"
        )
    arms = [_units(arm, sorted(arm), ratio) for arm in (first, second)]
    value = float(arms[1].mean() - arms[0].mean())
    count = min(map(len, arms))
    parts = [(float(arm.var(ddof=1)) / len(arm), len(arm) - 1.0) for arm in arms]
    lasting = 0.0
    if any(part for part, _ in parts):  # a number that never varies (a count) has no occasions
        size = 1.0 if ratio else abs(float(np.mean([arm.mean() for arm in arms])))
        lasting = 2 * (between.sd * size) ** 2
        parts.append((lasting, between.dof))
    total = sum(part for part, _ in parts)
    if total == 0:
        return Delta(value, 0.0, count - 1.0, count)
    spread = sum(part**2 / dof for part, dof in parts)
    dof = total**2 / spread if spread > 0 else math.inf
    return Delta(value, math.sqrt(total), dof, count, lasting=math.sqrt(lasting))


def _units(arm: Rounds, rounds: Sequence[int], ratio: bool) -> Floats:
    units = np.array([median(arm[number]) for number in rounds], dtype=np.float64)
    if not ratio:
        return units
    if min(min(arm[number]) for number in rounds) <= 0:
        raise NotApplicable("a ratio needs positive values")
    logs: Floats = np.log(units)
    return logs
