"""Weighted totals of axis scores, ranked as far as the data can tell.

The utility of an axis is its score, held within [0, 1]; speed and memory, which the board gives in
doublings, are divided by the number of doublings that is worth a whole scale. The total is their
weighted mean. Its uncertainty comes from the replicates and half-widths that the board gives with each axis
score: the same prompts leave every axis and every generator at once, so what generators share cancels.

Probabilities come from joint draws of all axis scores (`stats.pareto`). Differences in speed and memory
below the board's tie are ties here as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vbench_lite.advise.requirements import WIDE
from vbench_lite.arrays import Floats
from vbench_lite.metric import Axis
from vbench_lite.results.axes import RELATIVE_AXES, AxisScore, difference, differences
from vbench_lite.results.board import RELATIVE_TIE, BoardRow
from vbench_lite.stats.jackknife import MIN_GROUPS, standard_error
from vbench_lite.stats.pareto import best_probability, front_probability, joint_draws
from vbench_lite.stats.power import units_to_settle
from vbench_lite.stats.ranks import ranks_of
from vbench_lite.stats.student import quantile

_TIE_DOUBLINGS = math.log2(1 + RELATIVE_TIE)


@dataclass(frozen=True)
class Weights:
    """What counts how much. by_axis: positive weights; doublings: see `uses.Use`."""

    by_axis: Mapping[Axis, float]
    doublings: float

    def share(self, axis: Axis) -> float:
        """Part of the total that a whole scale of this axis makes."""
        return self.by_axis[axis] / sum(self.by_axis.values())

    def factor(self, axis: Axis) -> float:
        """What one unit of the board's axis score adds to the total."""
        return self.share(axis) / (self.doublings if axis in RELATIVE_AXES else 1.0)

    @property
    def tie(self) -> float:
        """Differences of totals up to this size are ties."""
        return sum(self.factor(axis) * _TIE_DOUBLINGS for axis in self.by_axis if axis in RELATIVE_AXES)


@dataclass(frozen=True)
class Place:
    """What the data say of one generator among the candidates.

    total: weighted mean of utilities; None where no weights were given. rank: (best, worst) possible
    place by it. best: probability of the largest total. front: probability of being on the Pareto front of
    the axes that count; None where it was not asked for. best_on: probability of being the best, by axis.
    """

    total: AxisScore | None
    rank: tuple[int, int] | None
    best: float | None
    front: float | None
    best_on: Mapping[Axis, float]


@dataclass(frozen=True)
class Gap:
    """The leader's total minus another's.

    by_axis: what each axis adds to it; they sum to `value`.
    more: about how many more units (prompts or calls, as `units` says) would tell the two apart if what
        was seen is the truth; None where nothing would.
    """

    value: float
    low: float
    high: float
    by_axis: Mapping[Axis, float]
    more: int | None
    units: str


def utility(axis: Axis, score: AxisScore, doublings: float) -> float:
    """An axis score on the common scale, on which 1 is a whole way from floor to ceiling."""
    assert score.value is not None
    return score.value / doublings if axis in RELATIVE_AXES else score.value


def total(row: BoardRow, weights: Weights) -> AxisScore:
    """The weighted mean of utilities with its interval and replicates."""
    value, down, up = 0.0, 0.0, 0.0
    groups = max(len(row.axes[axis].replicates) for axis in weights.by_axis)
    groups = groups if groups >= MIN_GROUPS else 0
    replicates = np.zeros(groups)
    for axis in weights.by_axis:
        score, factor = row.axes[axis], weights.factor(axis)
        value += weights.share(axis) * utility(axis, score, weights.doublings)
        joint = len(score.replicates) == groups > 0
        replicates += factor * (score.replicates if joint else (score.value or 0.0))
        sides = _sides(score, joint)
        down, up = down + (factor * sides[0]) ** 2, up + (factor * sides[1]) ** 2
    spare = (math.sqrt(down), math.sqrt(up))
    half = quantile(0.975, groups - 1) * standard_error(replicates) if groups else 0.0
    low, high = value - math.hypot(half, spare[0]), value + math.hypot(half, spare[1])
    known = high > low or any(row.axes[axis].low is not None for axis in weights.by_axis)
    n = min(row.axes[axis].n for axis in weights.by_axis)
    moves = sum(weights.factor(axis) * row.axes[axis].moves for axis in weights.by_axis)
    shown = (low if known else None, high if known else None)
    return AxisScore(
        value, *shown, n, replicates=replicates, spare=spare, occasion=row.arm.run_id, moves=moves
    )


def _sides(score: AxisScore, joint: bool) -> tuple[float, float]:
    """Half-widths (down, up) that replicates do not show."""
    if joint or score.low is None or score.high is None:
        return score.spare
    assert score.value is not None
    return score.value - score.low, score.high - score.value


def best_on(rows: Sequence[BoardRow], axis: Axis) -> list[float]:
    """Probability of each row to be the best on an axis, on which all have a score."""
    chances: list[float] = best_probability(_draws(rows, [axis])[:, :, 0], _least(axis)).tolist()
    return chances


def comparable(rows: Sequence[BoardRow], axis: Axis) -> bool:
    """Whether scores on an axis say how far chance moves them; those of one prompt, or two, do not."""
    return bool(np.all(np.isfinite(differences([row.axes[axis] for row in rows]).se)))


def _least(axis: Axis) -> float:
    """Differences on an axis up to this size are ties."""
    return _TIE_DOUBLINGS if axis in RELATIVE_AXES else 0.0


def place(
    rows: Sequence[BoardRow], axes: Sequence[Axis], weights: Weights | None, *, front: bool = True
) -> list[Place]:
    """Rank candidates, all of which have a score on each of the axes.

    Args:
        axes: those that the front is made of.
        weights: over the same axes, or None for no total.
        front: whether it is asked for: with hundreds of candidates it is most of the work.
    """
    drawn = _draws(rows, axes)
    least = np.array([_least(axis) for axis in axes])
    on_front = front_probability(drawn, least) if front else None
    on_axis = [best_probability(drawn[:, :, k], float(least[k])) for k in range(len(axes))]
    best: Floats | None = None
    totals: list[AxisScore] = []
    ranks: list[tuple[int, int]] = []
    if weights is not None:
        factors = np.array([weights.factor(axis) for axis in axes])
        best = best_probability(drawn @ factors, weights.tie)
        totals = [total(row, weights) for row in rows]
        ranks = ranks_of(len(totals), differences(totals, weights.tie))
    return [
        Place(
            totals[i] if weights is not None else None,
            ranks[i] if weights is not None else None,
            float(best[i]) if best is not None else None,
            float(on_front[i]) if on_front is not None else None,
            {axis: float(on_axis[k][i]) for k, axis in enumerate(axes)},
        )
        for i in range(len(rows))
    ]


def _draws(rows: Sequence[BoardRow], axes: Sequence[Axis]) -> Floats:
    """Joint draws of axis scores, float64 (draws, generators, axes); scaled axes held within [0, 1]."""
    scores = [row.axes[axis] for row in rows for axis in axes]
    groups = max(len(score.replicates) for score in scores)
    groups = groups if groups >= MIN_GROUPS else 0
    values = np.array([score.value for score in scores], dtype=np.float64)
    replicates = np.repeat(values[:, None], groups, axis=1)
    spare = np.zeros((len(scores), 2))
    for i, score in enumerate(scores):
        joint = len(score.replicates) == groups > 0
        if joint:
            replicates[i] = score.replicates
        spare[i] = np.array(_sides(score, joint)) / WIDE
    drawn = joint_draws(values, replicates, spare).reshape(-1, len(rows), len(axes))
    of_row = np.array([row.arm.run_id for row in rows])
    runs, rng = np.unique(of_row), np.random.default_rng(1)
    for k, axis in enumerate(axes):
        moves = max(row.axes[axis].moves for row in rows)
        if moves and len(runs) > 1:
            for run in runs:  # its times move together
                drawn[:, of_row == run, k] += rng.normal(0.0, moves, size=(len(drawn), 1))
    scaled = [k for k, axis in enumerate(axes) if axis not in RELATIVE_AXES]
    drawn[:, :, scaled] = np.clip(drawn[:, :, scaled], 0.0, 1.0)
    return drawn


def gap(leader: BoardRow, other: BoardRow, weights: Weights) -> Gap:
    """What puts the leader before another, by axis, and what it would take to be sure."""
    by_axis = {
        axis: weights.share(axis)
        * (
            utility(axis, leader.axes[axis], weights.doublings)
            - utility(axis, other.axes[axis], weights.doublings)
        )
        for axis in weights.by_axis
    }
    first, second = total(leader, weights), total(other, weights)
    found = difference(first, second)
    if math.isinf(found.se):
        return Gap(found.value, -math.inf, math.inf, by_axis, None, "clips")
    units, n = _units(leader, _doubted(leader, other, weights))
    delta = found.delta(n)
    low, high = delta.interval()
    small = abs(found.value) <= max(weights.tie, 1e-12)
    return Gap(found.value, low, high, by_axis, None if small else units_to_settle(delta, 0.0), units)


def _doubted(leader: BoardRow, other: BoardRow, weights: Weights) -> Axis:
    """The axis that most of the doubt about two totals comes from."""

    def doubt(axis: Axis) -> float:
        se = difference(leader.axes[axis], other.axes[axis]).se
        return weights.factor(axis) * se if math.isfinite(se) else 0.0

    return max(weights.by_axis, key=doubt)


def _units(row: BoardRow, axis: Axis) -> tuple[str, int]:
    """What an axis is measured over, and how many there are."""
    n, prompts = row.axes[axis].n, len(row.arm.prompts)
    if axis in RELATIVE_AXES:
        return "rounds", n
    if axis == Axis.PREFERENCE:
        return "votes", n
    return "clips" if row.arm.ok == prompts else "prompts", min(n, prompts)
