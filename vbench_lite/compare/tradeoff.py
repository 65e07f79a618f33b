"""What comes of each setting of a sweep: free, worth its loss, to be avoided, or not to be told.

The rule, in order:

- changed nothing: the clips of the base, byte for byte, and no gain in speed or memory;
- avoid: an axis is REGRESSED, and there is no gain, or another arm dominates it, or it lost more than
  `WORTH_MARGINS` margins;
- worth its loss: an axis is REGRESSED, with a gain, on the Pareto front, within that loss;
- no gain: nothing lost, and neither faster nor smaller by more than the policy's minimum effect;
- free: a gain, and every axis no worse than its margin;
- open: a gain, and an axis of which the samples cannot tell (beside a loss: whether it lost more than
  `WORTH_MARGINS` margins); or the gain itself is not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from vbench_lite.compare.policy import Policy
from vbench_lite.compare.sweep_table import Kind, Ratio, SweepRow
from vbench_lite.metric import Axis
from vbench_lite.results.axes import AxisScore
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.stats.pareto import front

WORTH_MARGINS = 3.0  # a loss of more margins than this is no trade: 0.15 of the way from floor to real clips


def classify(row: SweepRow, policy: Policy) -> Kind:
    """The kind of a setting whose axes are judged."""
    gains = [_gain(ratio, policy) for ratio in (row.speed, row.memory)]
    if row.identical and True not in gains:
        return Kind.UNCHANGED
    if row.verdict is Verdict.REGRESSED:
        much = [
            c.verdict
            for c in row.axes.values()
            if c.difference is not None and c.difference.value < -WORTH_MARGINS * policy.margin_fraction
        ]
        if Verdict.REGRESSED in much or (True not in gains and None not in gains):
            return Kind.AVOID
        if row.pareto is None or much:
            return Kind.OPEN
        return Kind.WORTH if True in gains and row.pareto else Kind.AVOID
    if True not in gains:
        return Kind.OPEN if None in gains else Kind.NO_GAIN
    fine = row.verdict in (Verdict.PASS, Verdict.IMPROVED)
    return Kind.FREE if fine else Kind.OPEN


def costs(row: SweepRow, policy: Policy) -> bool:
    """Whether it is surely slower than the base, by more than the least that counts."""
    speed = row.speed
    return speed.low is not None and speed.low > 1 and (speed.value or 1) >= 1 + policy.minimum_effect


def on_front(rows: Sequence[SweepRow], base: Mapping[Axis, AxisScore], policy: Policy) -> list[SweepRow]:
    """The rows with their Pareto marks, the base among those that may dominate them.

    Differences within a margin (of an axis), or the least effect (of speed and memory), are ties.
    """
    axes = [axis for axis, score in base.items() if score.value is not None]
    points = {place: _point(row, axes) for place, row in enumerate(rows)}
    known = {place: point for place, point in points.items() if point is not None}
    if not known:
        return [replace(row, pareto=None) for row in rows]
    own = [0.0, 0.0, *(float(base[axis].value or 0.0) for axis in axes)]
    ratio = math.log1p(policy.minimum_effect)
    ties = np.array([ratio, ratio, *[policy.margin_fraction] * len(axes)])
    marks = front(np.array([own, *known.values()]), ties)[1:]
    marked = dict(zip(known, map(bool, marks), strict=True))
    return [replace(row, pareto=marked.get(place)) for place, row in enumerate(rows)]


def _point(row: SweepRow, axes: Sequence[Axis]) -> list[float] | None:
    """Speed, memory and axis scores, + is better; None where one is missing."""
    scores = [row.axes[axis].score for axis in axes]
    ratios = [row.speed.value, row.memory.value]
    if None in scores or None in ratios:
        return None
    return [*(-math.log(ratio) for ratio in ratios if ratio), *(float(s) for s in scores if s is not None)]


def _gain(ratio: Ratio, policy: Policy) -> bool | None:
    """Whether it is surely less than the base's, by more than the least that counts; None if unknown."""
    if ratio.value is None or ratio.high is None:
        return None
    return ratio.high < 1 and ratio.value <= 1 / (1 + policy.minimum_effect)
