"""A limit on one number, and whether a measured number meets it: surely, perhaps, or not.

The notation is NAME OP VALUE: `speed/time_to_first_frame_s<=0.5`, `memory/peak_bytes<=8GB`,
`quality>=0.7`. NAME is a metric, an axis, or one of the quantities in `quantities.DERIVED`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vbench_lite.errors import SpecError
from vbench_lite.format import TIMES
from vbench_lite.stats.delta import Delta
from vbench_lite.stats.power import units_to_settle
from vbench_lite.stats.student import cdf, quantile

_FORM = re.compile(
    r"^\s*(?P<name>[A-Za-z0-9_./-]+?)\s*(?P<op><=|>=|<|>)\s*"
    r"(?P<value>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>[A-Za-z%]*)\s*$"
)
_UNITS = {
    "": 1.0, **TIMES, "%": 0.01, "x": 1.0, "B": 1.0,
    "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30,
}  # fmt: skip
WIDE = quantile(0.975, math.inf)  # standard errors to an end of a 95% interval


class Status(StrEnum):
    """What an interval says of a limit."""

    MEETS = "meets"
    MAY = "may meet"
    FAILS = "does not meet"
    UNMEASURED = "not measured"


@dataclass(frozen=True)
class Requirement:
    """One limit. text: as it was written; why: the reason that a use gives for it.

    if_known: it is left out where the number is known of no generator. strict: the limit itself is not met.
    """

    name: str
    at_most: bool
    value: float
    text: str
    why: str | None = None
    if_known: bool = False
    strict: bool = False

    def met_at(self, distance: float) -> bool:
        """Whether a number so far on the right side of the limit meets it."""
        return distance > 0 if self.strict else distance >= 0


@dataclass(frozen=True)
class Quantity:
    """A number that a limit can speak of, with what is known of it.

    Attributes:
        value: None where it was not measured; `reason` says why, and what would measure it.
        low, high: 95% interval; None where nothing says how it could vary.
        n: independent units behind it; units: what they are ("clips", "calls").
        on_bound: every observation sat on the end of a closed range: doubt shrinks as 1/n.
        exact: it is known without doubt (a declared limit).
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    units: str = "clips"
    unit: str = ""
    reason: str | None = None
    on_bound: bool = False
    exact: bool = False


@dataclass(frozen=True)
class Check:
    """A requirement held against one generator.

    Attributes:
        probability: that the true value meets it; None if not measured or without an interval.
        more: about how many more units would settle a MAY, if what was seen is the truth.
        reason: why the number is not there, or has no interval.
    """

    requirement: Requirement
    status: Status
    quantity: Quantity
    probability: float | None = None
    more: int | None = None
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        found = self.quantity
        ends = (found.low, found.high)
        return {
            "requirement": self.requirement.text,
            "why": self.requirement.why,
            "status": str(self.status),
            "value": found.value,
            "ci": None if None in ends else list(ends),
            "n": found.n,
            "units": found.units,
            "unit": found.unit,
            "probability": self.probability,
            "more": self.more,
            "reason": self.reason,
        }


def parse_requirement(text: str, *, why: str | None = None, if_known: bool = False) -> Requirement:
    """Read NAME OP VALUE, with an optional unit (ms, s, min, h, %, kB, MB, GB, KiB, MiB, GiB).

    Raises:
        SpecError: the text has another form, or an unknown unit.
    """
    found = _FORM.match(text)
    if found is None:
        raise SpecError(
            f"requirement {text!r} is not NAME<=VALUE or NAME>=VALUE, as in speed/time_to_first_frame_s<=0.5"
        )
    if found["unit"] not in _UNITS:
        known = ", ".join(unit for unit in _UNITS if unit)
        raise SpecError(f"requirement {text!r}: there is no unit {found['unit']!r}; there are: {known}")
    value = float(found["value"]) * _UNITS[found["unit"]]
    written = f"{found['name']} {found['op']} {found['value']}{' ' * bool(found['unit'])}{found['unit']}"
    strict = not found["op"].endswith("=")
    return Requirement(found["name"], found["op"].startswith("<"), value, written, why, if_known, strict)


def check(requirement: Requirement, quantity: Quantity) -> Check:
    """Hold a number against a limit by its 95% interval."""
    if quantity.value is None:
        return Check(requirement, Status.UNMEASURED, quantity, reason=quantity.reason)
    sign = -1.0 if requirement.at_most else 1.0
    slack = sign * (quantity.value - requirement.value)  # how far on the right side
    if quantity.exact:
        met = requirement.met_at(slack)
        return Check(
            requirement, Status.MEETS if met else Status.FAILS, quantity, float(met), reason=quantity.reason
        )
    if quantity.low is None or quantity.high is None:
        reason = quantity.reason or "one value, or all equal: nothing says how it could vary"
        return Check(requirement, Status.MAY, quantity, reason=reason)
    ends = sorted(sign * (end - requirement.value) for end in (quantity.low, quantity.high))
    # The side of the interval that faces the limit decides.
    half = slack - ends[0] if slack >= 0 else ends[1] - slack
    if math.isinf(half):  # an open end: how far it may reach is not known
        status = _status(requirement, ends)
        return Check(requirement, status, quantity, reason=quantity.reason)
    se = half / WIDE
    probability = cdf(slack / se, math.inf) if se > 0 else float(requirement.met_at(slack))
    status = _status(requirement, ends)
    if status is not Status.MAY:
        return Check(requirement, status, quantity, probability)
    more = _more(slack, half, quantity)
    return Check(requirement, status, quantity, probability, more, quantity.reason)


def _status(requirement: Requirement, ends: Sequence[float]) -> Status:
    """By the ends of the interval, each as its distance on the right side of the limit."""
    if requirement.met_at(ends[0]):
        return Status.MEETS
    return Status.MAY if requirement.met_at(ends[1]) else Status.FAILS


def _more(slack: float, half: float, quantity: Quantity) -> int | None:
    """How many more units would take an interval of this half-width off a limit at this distance."""
    if quantity.on_bound:  # nothing was seen to vary: what is not known shrinks as 1 / n
        whole = math.ceil(half * quantity.n / abs(slack)) if slack else None
        return None if whole is None else max(1, whole - quantity.n)
    delta = Delta(slack, half / WIDE, max(quantity.n - 1.0, 1.0), quantity.n)
    return units_to_settle(delta, 0.0)
