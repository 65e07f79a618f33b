"""Which metrics cannot be believed on this data: the controls say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vbench_lite.format import plural
from vbench_lite.metric import Axis
from vbench_lite.results.arms import Arm
from vbench_lite.results.axes import gate_factor, known_on, scale_of
from vbench_lite.results.blocks import Blocks
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.stats.jackknife import MIN_GROUPS, standard_error
from vbench_lite.stats.student import quantile
from vbench_lite.store.schema import Level
from vbench_lite.suite_axes import AxisSpec

_SEEN = 0.01  # of the scale from a control to real clips: axes are written in hundredths


@dataclass(frozen=True)
class TrustFlag:
    """A metric that a control fools.

    kind: "floor_beats_real" (a control without content scores better than real clips) or "no_scale"
    (the controls cannot be told from real clips, so the metric says little on this data).
    """

    metric: str
    kind: str
    control: str
    value: float
    real: float
    axes: tuple[str, ...]
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"axes": list(self.axes)}


def trust_flags(
    real: Arm | None, floors: Sequence[Arm], axes: Mapping[Axis, AxisSpec], blocks: Blocks
) -> list[TrustFlag]:
    """Flags of every metric that has a direction, in the order of the suite.

    A floor beats real clips if it is better beyond noise (paired by prompt, one-sided 97.5%) by more than a
    hundredth of the scale, and the gate of the metric's axis, where it has one, does not take the advantage
    away again.
    """
    if real is None:
        return []
    flags = []
    for metric, ceiling in real.estimates.items():
        if ceiling.value is None or ceiling.facts.sign == 0 or ceiling.level is Level.CALL:
            continue
        used = [axis for axis, spec in axes.items() if metric in spec.metrics]
        beaten = [
            flag for floor in floors if (flag := _beaten(metric, real, floor, floors, axes, used, blocks))
        ]
        if beaten:
            flags.append(max(beaten, key=lambda flag: ceiling.facts.sign * flag.value))
        elif used and (flag := _no_scale(metric, real, floors, used, blocks)):
            flags.append(flag)
    return flags


def _beaten(
    metric: str,
    real: Arm,
    floor: Arm,
    floors: Sequence[Arm],
    axes: Mapping[Axis, AxisSpec],
    used: Sequence[Axis],
    blocks: Blocks,
) -> TrustFlag | None:
    its, best = floor.estimates.get(metric), real.estimates[metric]
    if its is None or its.value is None or best.value is None:
        return None
    if not _better(its, best, blocks):
        return None
    own_axis = [axis for axis in axes if axis == best.facts.axis] if not used else []
    gates = [axes[axis].gates for axis in (*used, *own_axis)]
    scale = scale_of(metric, real, floors)
    if not isinstance(scale, str):
        place = scale.place(its)
        if place <= 1 + _SEEN:
            return None
        if gates and all(gates):
            factors = [gate_factor(of_axis, floor, real) for of_axis in gates]
            if all(isinstance(f, float) and f * place <= 1.0 for f in factors):
                return None
    name = floor.control or floor.generator
    reason = f"{name} clips score {its.value:.4g}, better than real clips at {best.value:.4g}"
    return TrustFlag(metric, "floor_beats_real", name, its.value, best.value, tuple(map(str, used)), reason)


def _no_scale(
    metric: str, real: Arm, floors: Sequence[Arm], used: Sequence[Axis], blocks: Blocks
) -> TrustFlag | None:
    best = real.estimates[metric]
    sign = best.facts.sign
    known = known_on(metric, floors)
    if not known or best.value is None:
        return None
    worst, name = min(known, key=lambda pair: sign * pair[0].whole)
    assert worst.value is not None
    if not best.resamples or _better(best, worst, blocks):
        return None
    reason = (
        f"{plural(best.n, 'clip')} cannot tell real clips ({best.value:.4g}) from the worst control "
        f"({name}, {worst.value:.4g})"
    )
    return TrustFlag(metric, "no_scale", name, worst.value, best.value, tuple(map(str, used)), reason)


def _better(first: MetricEstimate, second: MetricEstimate, blocks: Blocks) -> bool:
    """Whether the first is better beyond noise, paired by prompt."""
    assert first.value is not None and second.value is not None
    sign = second.facts.sign
    gain = sign * (first.value - second.value)
    if gain <= 1e-9 * max(abs(first.value), abs(second.value)):
        return False
    if not (first.resamples or second.resamples) or len(blocks) < MIN_GROUPS:
        return False  # too few prompts to know the noise
    se = standard_error(sign * (first.without(blocks) - second.without(blocks)))
    return se == 0 or gain / se > quantile(0.975, len(blocks) - 1)
