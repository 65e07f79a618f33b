"""The ratio of two generators' call times (or peaks), from interleaved rounds of fresh processes.

Calls of one process share its luck, and neighbouring processes share the machine's mood, so the unit is
the round: the log ratio of the two medians within it. A drift of the machine then cancels within
rounds, and a burst of other work spoils a round or two.

- Five rounds or more: the mean with the smallest and the largest round trimmed, and the Tukey-McLaughlin
  interval with the winsorised deviation (Yuen 1974, Biometrika 61; Wilcox, Introduction to Robust
  Estimation and Hypothesis Testing, 2012, section 4.3). Times have one-sided bursts, which would
  stretch the plain interval.
- Two to four rounds: Student's t.
- Rounds that were not interleaved (two runs): Welch's t on each arm's rounds. What differs between the
  two occasions is then part of the difference, and no interval can show it: measure both in one run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from vbench_lite.errors import NotApplicable
from vbench_lite.stats.paired import Delta

TRIM_FROM = 5

Rounds = Mapping[int, Sequence[float]]


def interleaved_log_ratio(first: Rounds, second: Rounds) -> Delta:
    """Log of second over first, from rounds that both have.

    Args:
        first, second: positive values of the warm calls by round.

    Raises:
        NotApplicable: fewer than two rounds in common, or a value that is not positive.
    """
    common = sorted(first.keys() & second.keys())
    if len(common) < 2:
        raise NotApplicable(f"a ratio from rounds needs two rounds of both, there are {len(common)}")
    ratios = _log_medians(second, common) - _log_medians(first, common)
    count = len(ratios)
    if count < TRIM_FROM:
        return Delta(float(ratios.mean()), float(ratios.std(ddof=1)) / math.sqrt(count), count - 1.0, count)
    ordered = np.sort(ratios)
    winsorised = np.clip(ordered, ordered[1], ordered[-2])
    kept = count - 2
    se = float(winsorised.std(ddof=1)) / (kept / count * math.sqrt(count))
    return Delta(float(ordered[1:-1].mean()), se, kept - 1.0, count)


def separate_log_ratio(first: Rounds, second: Rounds) -> Delta:
    """Log of second over first, from rounds of two runs.

    Raises:
        NotApplicable: an arm has fewer than two rounds, or a value that is not positive.
    """
    if min(len(first), len(second)) < 2:
        raise NotApplicable(
            f"a ratio of two runs needs two rounds of each, there are {len(first)} and {len(second)}"
        )
    arms = [_log_medians(arm, sorted(arm)) for arm in (first, second)]
    parts = [float(arm.var(ddof=1)) / len(arm) for arm in arms]
    total = sum(parts)
    value = float(arms[1].mean() - arms[0].mean())
    count = min(map(len, arms))
    if total == 0:
        return Delta(value, 0.0, count - 1.0, count)
    dof = total**2 / sum(part**2 / (len(arm) - 1) for part, arm in zip(parts, arms, strict=True))
    return Delta(value, math.sqrt(total), dof, count)


def _log_medians(arm: Rounds, rounds: Sequence[int]) -> npt.NDArray[np.float64]:
    medians = []
    for number in rounds:
        values = np.asarray(arm[number], np.float64)
        if len(values) == 0 or float(values.min()) <= 0:
            raise NotApplicable(f"round {number} needs positive values")
        medians.append(float(np.median(values)))
    logs: npt.NDArray[np.float64] = np.log(medians)
    return logs
