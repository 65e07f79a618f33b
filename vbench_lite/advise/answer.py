"""What an answer holds: a verdict, every generator's standing, and what decided."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vbench_lite.advise.beliefs import Belief
from vbench_lite.advise.profiles import Use
from vbench_lite.advise.ranking import Gap, Place, Weights
from vbench_lite.advise.requirements import Check, Quantity, Requirement, Status
from vbench_lite.results.board import Board, BoardRow
from vbench_lite.stats.pareto import near_tie


class Verdict(StrEnum):
    """What kind of answer there is."""

    TAKE = "take"
    CANNOT_TELL = "cannot tell"
    DEPENDS = "depends on what counts"
    NONE_QUALIFIES = "none qualifies"


@dataclass(frozen=True)
class Standing:
    """One generator in the answer.

    Attributes:
        checks: one for each requirement, in order.
        place: among the candidates; None if it is not one, and `reason` says why.
    """

    row: BoardRow
    checks: tuple[Check, ...]
    cost: Quantity | None
    place: Place | None = None
    reason: str | None = None

    @property
    def generator(self) -> str:
        return self.row.arm.generator

    @property
    def status(self) -> Status:
        """Whether it meets everything: the gravest of its checks."""
        found = {item.status for item in self.checks}
        order = (Status.FAILS, Status.MAY, Status.UNMEASURED)
        return next((status for status in order if status in found), Status.MEETS)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        at, cost = self.place, self.cost
        total = at.total if at is not None else None
        best = at.best if at is not None else None
        return {
            "generator": self.generator,
            "family": self.row.arm.family,
            "run": self.row.arm.run_id,
            "coverage": self.row.arm.coverage,
            "status": str(self.status),
            "reason": self.reason,
            "checks": [item.as_dict() for item in self.checks],
            "total": total.value if total is not None else None,
            "total_ci": _ends(total.low, total.high) if total is not None else None,
            "rank": list(at.rank) if at is not None and at.rank is not None else None,
            "best_probability": best,
            "best_probability_near_tie": near_tie(best) if best is not None else None,
            "front_probability": at.front if at is not None else None,
            "best_on": {str(a): p for a, p in at.best_on.items()} if at is not None else None,
            "cost_per_clip": None
            if cost is None
            else {"value": cost.value, "ci": _ends(cost.low, cost.high), "reason": cost.reason},
        }


@dataclass(frozen=True)
class Advice:
    """The answer and everything behind it. `as_dict` is the documented `advise --json` form.

    Attributes:
        standings: candidates first, by total (else by probability of being on the front).
        leaders: labels that the answer names: one for TAKE, those that cannot be told apart for
            CANNOT_TELL (none where too much of what counts was not measured), those on the front for DEPENDS.
        gap: the leader against the next; None with one candidate or without weights.
        weights: None where neither a use nor weights were given: then there is no total.
        left_out: axes that should count and cannot, with the reason. unmeasured: their share of the weights.
        words: the answer as one paragraph.
    """

    board: Board
    use: Use | None
    weights: Weights | None
    requirements: tuple[Requirement, ...]
    price_per_hour: float | None
    verdict: Verdict
    leaders: tuple[str, ...]
    standings: tuple[Standing, ...]
    gap: Gap | None
    left_out: Mapping[str, str]
    beliefs: tuple[Belief, ...]
    notes: tuple[str, ...] = ()
    words: str = ""
    unmeasured: float = 0.0

    @property
    def candidates(self) -> tuple[Standing, ...]:
        """Those that are ranked, best first."""
        return tuple(standing for standing in self.standings if standing.place is not None)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values.

        Keys: suite {name, version}; runs[]; use {name, version, title, summary} or null; weights
        {axis: weight} or null; doublings; requirements[] {requirement, why}; price_per_hour; verdict;
        leaders[]; words; gap {value, ci, by_axis{}, more, units} or null; standings[] {generator, family,
        run, coverage, status, reason, checks[] {requirement, why, status, value, ci, n, units, unit,
        probability, more, reason}, total, total_ci, rank, best_probability, front_probability,
        best_on{axis: p}, cost_per_clip}; left_out{axis: reason}; unmeasured; beliefs[] {id, belief, verdict,
        words, numbers[]}; notes[].
        """
        found = self.gap
        return {
            "suite": {"name": self.board.suite.name, "version": self.board.suite.version},
            "runs": list(dict.fromkeys(standing.row.arm.run_id for standing in self.standings)),
            "use": None
            if self.use is None
            else self.use.model_dump(mode="json", include={"name", "version", "title", "summary"}),
            "weights": None if self.weights is None else {str(a): w for a, w in self.weights.by_axis.items()},
            "doublings": None if self.weights is None else self.weights.doublings,
            "requirements": [{"requirement": r.text, "why": r.why} for r in self.requirements],
            "price_per_hour": self.price_per_hour,
            "verdict": str(self.verdict),
            "leaders": list(self.leaders),
            "words": self.words,
            "gap": None
            if found is None
            else {
                "value": found.value,
                "ci": _ends(found.low, found.high),
                "by_axis": {str(axis): part for axis, part in found.by_axis.items()},
                "more": found.more,
                "units": found.units,
            },
            "standings": [standing.as_dict() for standing in self.standings],
            "left_out": dict(self.left_out),
            "unmeasured": self.unmeasured,
            "beliefs": [belief.as_dict() for belief in self.beliefs],
            "notes": list(self.notes),
        }


def _ends(low: float | None, high: float | None) -> list[float] | None:
    """An interval as JSON; an open end gives none."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return None
    return [low, high]
