"""How near the clips of a setting are to those of the base, and whether nearer than those of other seeds.

The values are scores of the run, each clip against the base's clip of the same prompt; equal clips count as
what the metric says of equal clips.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vbench_lite.errors import NotApplicable
from vbench_lite.results.arms import Arm
from vbench_lite.run.plan.sweep import FIDELITY
from vbench_lite.stats.paired import paired_means

_PLACED_BY = (FIDELITY["lpips"], FIDELITY["psnr"])  # the first that both have

Place = Literal["identical", "nearer", "as far", "farther"]


@dataclass(frozen=True)
class Near:
    """One metric of an arm's clips against the base's: mean over clips with its 95% interval."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str
    reason: str | None

    def as_dict(self) -> dict[str, Any]:
        ci = None if self.low is None or self.high is None else [self.low, self.high]
        return {"value": self.value, "ci": ci, "n": self.n, "unit": self.unit, "reason": self.reason}


@dataclass(frozen=True)
class Nearness:
    """Every metric by its short name, and where the clips lie against those of other seeds.

    place: identical to those of the base; else nearer to them than a clip of another seed is, as far, or
    farther; None where that is not known.
    """

    metrics: Mapping[str, Near]
    place: Place | None = None


def nearness(arm: Arm, seeds: Arm | None, identical: bool) -> Nearness:
    """How near an arm is to the base.

    Args:
        seeds: the base with other seeds; None where the run has none.
        identical: whether all clips of the arm are those of the base.
    """
    metrics = {}
    for name, metric in FIDELITY.items():
        found = arm.estimates.get(metric)
        if found is not None:
            ends = (None, None) if identical else (found.low, found.high)  # equal clips are a fact
            why = None if found.value is not None else found.reason
            metrics[name] = Near(found.value, *ends, found.n, found.facts.unit, why)
    return Nearness(metrics, "identical" if identical else _place(arm, seeds))


def _place(arm: Arm, seeds: Arm | None) -> Place | None:
    """By the first metric that both have, paired by sample."""
    if seeds is None or arm.generator == seeds.generator:
        return None
    for metric in _PLACED_BY:
        own, other = arm.estimates.get(metric), seeds.estimates.get(metric)
        if own is None or other is None or not own.by_sample or not other.by_sample:
            continue
        both = [name for name in own.by_sample if name in other.by_sample and name in arm.prompt_of]
        first, second = ([side.by_sample[name] for name in both] for side in (other, own))
        try:
            delta = paired_means(first, second, [arm.prompt_of[name] for name in both])
        except NotApplicable:
            continue
        low, high = (delta if own.facts.sign > 0 else delta.negated()).interval()
        return "nearer" if low > 0 else "farther" if high < 0 else "as far"
    return None
