"""What a sweep comes to: a row for each setting, beside two rows that show how much noise there is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from vbench_lite.compare.nearness import Nearness
from vbench_lite.compare.policy import Policy
from vbench_lite.metric import Axis
from vbench_lite.stats.delta import Delta
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.suite import Suite


class Kind(StrEnum):
    """What comes of a setting, see `tradeoff.classify`."""

    FREE = "free"
    WORTH = "worth its loss"
    AVOID = "avoid"
    OPEN = "open"
    NO_GAIN = "no gain"
    UNCHANGED = "changed nothing"


@dataclass(frozen=True)
class Ratio:
    """How many times as much as the base, with its 95% interval; or why that is not known.

    base, own: typical values of both, in the metric's unit.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    base: float | None = None
    own: float | None = None
    reason: str | None = None

    @property
    def inverse(self) -> Ratio:
        """The base as a multiple of this one: the speedup of a ratio of seconds."""
        if self.value is None or self.low is None or self.high is None:
            return self
        return replace(self, value=1 / self.value, low=1 / self.high, high=1 / self.low)

    def as_dict(self) -> dict[str, Any]:
        known = self.low is not None
        return {
            "value": self.value,
            "ci": [self.low, self.high] if known else None,
            "base": self.base,
            "own": self.own,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class AxisChange:
    """An axis score less that of the base, + is better, with its verdict.

    more_prompts: about how many more would settle an inconclusive one.
    verdict: None for the arms that show noise, and where there is no difference to judge; `reason` says why.
    """

    score: float | None
    difference: Delta | None
    verdict: Verdict | None = None
    p_value: float | None = None
    reason: str | None = None
    more_prompts: int | None = None

    @property
    def ci(self) -> tuple[float, float] | None:
        """The 95% interval of the difference; None without one."""
        known = self.difference is not None and math.isfinite(self.difference.se)
        return self.difference.interval() if self.difference is not None and known else None

    def as_dict(self) -> dict[str, Any]:
        return {
            "score": self.score,
            "delta": None if self.difference is None else self.difference.value,
            "ci": None if self.ci is None else list(self.ci),
            "verdict": None if self.verdict is None else str(self.verdict),
            "p_value": self.p_value,
            "reason": self.reason,
            "more_prompts": self.more_prompts,
        }


@dataclass(frozen=True)
class SweepRow:
    """One arm of a sweep against the base.

    Attributes:
        identical: its clips are those of the base, byte for byte.
        changed: what it has otherwise than the base, as text by key.
        stages: seconds of each stage, by name, as ratios to the base.
        near: how near its clips are to those of the base.
        motion: motion amount as a multiple of the base's.
        verdict: the gravest of its axes; None if none was judged.
        kind: what comes of it all; None for the arms that show noise.
        pareto: no other setting is as good on every axis, in speed and in memory, and better on one; None
            where a number is missing.
        facts: what its calls noted that a reader must know, such as a cache that never hits.
    """

    setting: str
    identical: bool
    changed: Mapping[str, str]
    speed: Ratio
    stages: Mapping[str, Ratio]
    memory: Ratio
    near: Nearness
    motion: Ratio
    axes: Mapping[Axis, AxisChange]
    verdict: Verdict | None = None
    kind: Kind | None = None
    pareto: bool | None = None
    facts: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        speedup = self.speed.inverse
        return {
            "setting": self.setting,
            "identical": self.identical,
            "changed": dict(self.changed),
            "speedup": speedup.as_dict(),
            "stages": {name: ratio.inverse.as_dict() for name, ratio in self.stages.items()},
            "fidelity": {name: one.as_dict() for name, one in self.near.metrics.items()},
            "nearness": self.near.place,
            "axes": {str(axis): change.as_dict() for axis, change in self.axes.items()},
            "motion": self.motion.as_dict(),
            "memory": {"ratio": self.memory.value, **self.memory.as_dict()},
            "verdict": None if self.verdict is None else str(self.verdict),
            "kind": None if self.kind is None else str(self.kind),
            "pareto": self.pareto,
            "facts": list(self.facts),
        }


@dataclass(frozen=True)
class SweepTable:
    """A sweep as every face shows it. `as_dict` is the documented `sweep --json` form."""

    run: str
    suite: Suite
    policy: Policy
    base: Mapping[str, str]
    samples: int
    rows: tuple[SweepRow, ...]
    floors: Mapping[str, SweepRow]
    notes: tuple[str, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether a gate stops here: a setting's verdict is one of the policy's `fail_on`."""
        return any(row.verdict in self.policy.fail_on for row in self.rows)

    def of_kind(self, kind: Kind) -> list[SweepRow]:
        """The settings of one kind, the fastest first."""
        found = [row for row in self.rows if row.kind is kind]
        return sorted(found, key=lambda row: row.speed.value or math.inf)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values.

        Keys: run; suite; policy; samples; base{settings}; rows[] {setting, identical, changed, speedup{value,
        ci, base, own, reason}, stages{name: the same}, fidelity{psnr, ssim, lpips, tlpips: {value, ci, n,
        unit, reason}}, nearness, axes{axis: {score, delta, ci, verdict, p_value, reason, more_prompts}},
        motion, memory{ratio, ci ...}, verdict, kind, pareto, facts[]}; floors{again, seeds} of the same
        form; notes[].
        """
        return {
            "run": self.run,
            "suite": self.suite.name,
            "policy": self.policy.name,
            "samples": self.samples,
            "base": dict(self.base),
            "rows": [row.as_dict() for row in self.rows],
            "floors": {name: row.as_dict() for name, row in self.floors.items()},
            "notes": list(self.notes),
        }
