"""From values at rising damage to verdicts: noticed, rewarded, not seen, or cannot tell.

For a metric of clips the unit is the prompt (or the file that windows come from); differences are paired by
clip. For a metric of a set the delete-a-prompt replicates give the uncertainty.

- effect: mean change from the lowest to the highest level, + is better, in standard deviations between clips,
  pooled over the two (Cohen's d). Where clips do not differ at all: in widths of the metric's closed range;
  where there is none, in the metric's own unit. For a set: its jackknife error times the root of n stands for
  the deviation between clips.
- rho: Spearman's rank correlation of level and value, + is better: of each clip, averaged over prompts.
- A change is one if it is significant at 95% after Holm's adjustment over the damages of this metric. It
  is "not seen" only where the interval of the effect lies within SMALL, or nothing changed at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from scipy import stats

from vbench_lite.arrays import Floats
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Estimate, MetricInfo
from vbench_lite.sensitivity.ladders import Damage, Kind
from vbench_lite.sensitivity.measure import CLEAN, Level, Values
from vbench_lite.stats.delta import Delta
from vbench_lite.stats.jackknife import MIN_GROUPS, standard_error
from vbench_lite.stats.means import mean_estimate
from vbench_lite.stats.multiple import holm
from vbench_lite.stats.paired import paired_means, paired_replicates
from vbench_lite.stats.student import quantile

SMALL = 0.2  # Cohen's small effect: changes within it are none worth the name
ALPHA = 0.05


class Seen(StrEnum):
    """What a metric makes of one damage."""

    NOTICED = "noticed"
    REWARDED = "rewarded"
    NOT_SEEN = "not seen"
    CANNOT_TELL = "cannot tell"
    MOVED = "moved"  # of a description, which has no better and worse
    NO_VALUE = "no value"


class MetricVerdict(StrEnum):
    """What an audit says of one metric."""

    SOUND = "sound"
    OFF_AXIS = "off its axis"
    FOOLED = "fooled"
    BLIND = "blind"
    DESCRIPTION = "description"
    CANNOT_TELL = "cannot tell"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Cell:
    """One metric under one damage.

    Attributes:
        meant: the metric is made to notice this damage, or its axis is meant to.
        values: mean value by level, the clean one at 0 first.
        rho, effect: see the module; with 95% intervals. monotone: no step of the means goes the other way.
        n: prompts behind it. p_value: two-sided, of no change, before Holm.
    """

    damage: str
    kind: str
    meant: bool
    seen: Seen
    values: Mapping[float, float] | None = None
    rho: float | None = None
    rho_ci: tuple[float, float] | None = None
    effect: float | None = None
    effect_ci: tuple[float, float] | None = None
    monotone: bool | None = None
    n: int = 0
    p_value: float | None = None
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; levels are text."""
        plain = asdict(self) | {"seen": str(self.seen)}
        if self.values is not None:
            plain["values"] = {f"{level:g}": value for level, value in self.values.items()}
        for key in ("rho_ci", "effect_ci"):
            plain[key] = None if plain[key] is None else list(plain[key])
        return plain


@dataclass(frozen=True)
class Judged:
    """One metric with its verdict.

    words: the verdict in one sentence. cells: of every damage and control, in order; empty if not applicable.
    """

    metric: str
    axis: str
    higher_is_better: bool | None
    verdict: MetricVerdict
    words: str
    cells: tuple[Cell, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self) | {"cells": [cell.as_dict() for cell in self.cells]}


def judge(info: MetricInfo, values: Values, damages: Sequence[Damage]) -> Judged:
    """Judge one metric on everything that was measured."""
    if info.id not in values.clips and info.id not in values.sets:
        return not_applicable(info, values.reasons.get(info.id, "no value on any clip"))
    found = [_change(info, values, damage) for damage in damages]
    known = [change.p_value for change in found if change.p_value is not None]
    adjusted = iter(holm(known))
    cells = tuple(_seen(cell, info, next(adjusted)) if cell.p_value is not None else cell for cell in found)
    verdict = _verdict(cells, info)
    words = _words(verdict, cells)
    return Judged(info.id, str(info.axis), info.higher_is_better, verdict, words, cells)


def not_applicable(info: MetricInfo, why: str) -> Judged:
    """A metric that cannot be judged on these clips."""
    verdict = MetricVerdict.NOT_APPLICABLE
    return Judged(info.id, str(info.axis), info.higher_is_better, verdict, f"not applicable: {why}")


# --- one damage ------------------------------------------------------------------------------


def _change(info: MetricInfo, values: Values, damage: Damage) -> Cell:
    """Numbers of one damage; `seen` is settled once all of them are known."""
    meant = damage.name in info.made_for if info.made_for else info.axis in damage.axes
    blank = Cell(damage.name, str(damage.kind), meant, Seen.NO_VALUE)
    levels: list[Level] = [CLEAN, *((damage.name, level) for level in damage.levels)]
    try:
        if info.id in values.sets:
            return _of_sets(blank, info, values, levels)
        if damage.kind is Kind.COPIES and info.axis not in damage.axes:
            # One clip in the place of others moves a mean over clips by what that clip happens to be.
            raise NotApplicable("a value of one clip, whatever else its set holds")
        return _of_clips(blank, info, values, levels)
    except NotApplicable as error:
        return replace(blank, reason=str(error))


def _of_clips(blank: Cell, info: MetricInfo, values: Values, levels: Sequence[Level]) -> Cell:
    mine = values.clips[info.id]
    there = [level for level in levels if mine.get(level)]
    names = [name for name in values.names if all(name in mine[level] for level in there)]
    if len(there) < 2 or not names:
        raise NotApplicable(values.reasons.get(info.id, "no value on the damaged clips"))
    table = np.array([[mine[level][name] for level in there] for name in names])
    clusters = [values.clusters[name] for name in names]
    sign = -1.0 if info.higher_is_better is False else 1.0
    delta = paired_means(list(sign * table[:, 0]), list(sign * table[:, -1]), clusters)
    rho = mean_estimate(list(sign * rank_correlations(table)), clusters, bounds=(-1.0, 1.0))
    scale = _pooled(_spread(table[:, 0]), _spread(table[:, -1]), info)
    means = table.mean(axis=0)
    return replace(
        blank,
        values={amount: float(mean) for (_, amount), mean in zip(there, means, strict=True)},
        rho=rho.value,
        rho_ci=None if rho.low is None or rho.high is None else (rho.low, rho.high),
        **_numbers(delta, scale, sign * means),
    )


def _of_sets(blank: Cell, info: MetricInfo, values: Values, levels: Sequence[Level]) -> Cell:
    mine = values.sets[info.id]
    there = [level for level in levels if level in mine]
    if len(there) < 2:
        raise NotApplicable(values.reasons.get(info.id, "no value on the damaged clips"))
    estimates = [mine[level] for level in there]
    sign = -1.0 if info.higher_is_better is False else 1.0
    first, last = estimates[0], estimates[-1]
    delta = paired_replicates(
        sign * first.value, sign * last.value, _replicates(first, sign), _replicates(last, sign)
    )
    means = np.array([estimate.value for estimate in estimates])
    rho, ends = _set_correlation(estimates, sign)
    errors = [standard_error(_replicates(estimate, 1.0)) * math.sqrt(delta.n) for estimate in (first, last)]
    scale = _pooled(errors[0], errors[1], info)
    return replace(
        blank,
        values={amount: float(mean) for (_, amount), mean in zip(there, means, strict=True)},
        rho=rho,
        rho_ci=ends,
        **_numbers(delta, scale, sign * means),
    )


def _numbers(delta: Delta, scale: float, oriented: Floats) -> dict[str, Any]:
    low, high = delta.interval()
    steps = np.diff(oriented)
    slack = 1e-9 * max(1.0, float(np.abs(oriented).max()))
    way = -1.0 if delta.value < 0 else 1.0
    return {
        "effect": delta.value / scale,
        "effect_ci": (low / scale, high / scale),
        "monotone": bool(np.all(way * steps >= -slack)),
        "n": delta.n,
        "p_value": min(1.0, 2 * min(delta.p_below(0.0), delta.p_above(0.0))) if delta.value else 1.0,
    }


def rank_correlations(table: Floats) -> Floats:
    """Spearman's rho of each row's values with their place, float64 (rows,); 0 where a row is constant."""
    ranks = np.asarray(stats.rankdata(table, axis=1), np.float64)
    ranks -= ranks.mean(axis=1, keepdims=True)
    places = np.arange(table.shape[1], dtype=np.float64)
    places -= places.mean()
    norms = np.sqrt((ranks**2).sum(axis=1) * (places**2).sum())
    rho: Floats = np.divide(ranks @ places, norms, out=np.zeros(len(table)), where=norms > 0)
    return np.clip(rho, -1.0, 1.0)


def _set_correlation(estimates: Sequence[Estimate], sign: float) -> tuple[float, tuple[float, float] | None]:
    """Rho over the levels of a set, and a jackknife interval where leaving prompts out changes it."""
    value = sign * float(rank_correlations(np.array([[estimate.value for estimate in estimates]]))[0])
    table = np.stack([_replicates(estimate, 1.0) for estimate in estimates], axis=1)
    if len(table) < MIN_GROUPS:
        return value, None
    se = standard_error(sign * rank_correlations(table))
    half = quantile(0.975, len(table) - 1) * se
    return value, (max(-1.0, value - half), min(1.0, value + half)) if half > 0 else None


def _replicates(estimate: Estimate, sign: float) -> Floats:
    return sign * np.asarray(estimate.replicates or (), np.float64)


def _spread(values: Floats) -> float:
    """Standard deviation between clips; rounding is none."""
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return spread if spread > 1e-12 * max(1.0, float(np.abs(values).max())) else 0.0


def _pooled(first: float, second: float, info: MetricInfo) -> float:
    """The scale of an effect; see the module."""
    spread = math.sqrt((first**2 + second**2) / 2)
    return spread if spread > 0 else _range(info)


def _range(info: MetricInfo) -> float:
    low, high = info.bounds
    return high - low if low is not None and high is not None and high > low else 1.0


def _seen(cell: Cell, info: MetricInfo, p_value: float) -> Cell:
    """What the numbers say, given the adjusted p-value."""
    assert cell.effect is not None and cell.effect_ci is not None
    low, high = cell.effect_ci
    if p_value <= ALPHA and cell.effect != 0:
        if info.higher_is_better is None:
            return replace(cell, seen=Seen.MOVED)
        if abs(cell.effect) >= SMALL or min(abs(low), abs(high)) >= SMALL:
            return replace(cell, seen=Seen.NOTICED if cell.effect < 0 else Seen.REWARDED)
    if low >= -SMALL and high <= SMALL:
        return replace(cell, seen=Seen.NOT_SEEN)
    if p_value <= ALPHA and cell.effect < 0:
        return replace(cell, seen=Seen.NOTICED)
    return replace(cell, seen=Seen.CANNOT_TELL)


# --- one metric ------------------------------------------------------------------------------


def _verdict(cells: Sequence[Cell], info: MetricInfo) -> MetricVerdict:
    seen = {cell.seen for cell in cells}
    if info.higher_is_better is None:
        return MetricVerdict.DESCRIPTION if Seen.MOVED in seen else _blind_or_open(cells)
    if Seen.REWARDED in seen:
        return MetricVerdict.FOOLED
    if Seen.NOTICED not in seen:
        return _blind_or_open(cells)
    on_axis = any(cell.seen is Seen.NOTICED and cell.meant for cell in cells)
    return MetricVerdict.SOUND if on_axis else MetricVerdict.OFF_AXIS


def _blind_or_open(cells: Sequence[Cell]) -> MetricVerdict:
    """Blind only if nothing is left open that the metric is meant to notice."""
    meant = [cell for cell in cells if cell.meant] or list(cells)
    with_value = [cell for cell in meant if cell.seen is not Seen.NO_VALUE]
    if with_value and all(cell.seen is Seen.NOT_SEEN for cell in with_value):
        return MetricVerdict.BLIND
    return MetricVerdict.CANNOT_TELL


def with_outcome(cells: Sequence[Cell], seen: Seen) -> list[str]:
    """Names of the damages that had this outcome."""
    return [cell.damage for cell in cells if cell.seen is seen]


def _words(verdict: MetricVerdict, cells: Sequence[Cell]) -> str:
    def of(seen: Seen) -> str:
        return ", ".join(with_outcome(cells, seen))

    noticed = f"notices {of(Seen.NOTICED)}" if of(Seen.NOTICED) else "notices nothing"
    blind = f"; blind to {of(Seen.NOT_SEEN)}" if of(Seen.NOT_SEEN) else ""
    match verdict:
        case MetricVerdict.FOOLED:
            return f"likes {of(Seen.REWARDED)} better than real clips; {noticed}{blind}"
        case MetricVerdict.SOUND | MetricVerdict.BLIND:
            return f"{noticed}{blind}"
        case MetricVerdict.OFF_AXIS:
            return f"{noticed}, but nothing that its axis is meant to see{blind}"
        case MetricVerdict.DESCRIPTION:
            return f"neither good nor bad; moved by {of(Seen.MOVED)}"
        case _:
            return f"too few clips to tell: {of(Seen.CANNOT_TELL) or 'no damage gave a value'}"
