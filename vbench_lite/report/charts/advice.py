"""An answer of `advise` laid out: the shortlist with its totals, the limits held against it, what decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from vbench_lite.advise import Advice, Standing, load_use
from vbench_lite.advise.requirements import Status, parse_requirement
from vbench_lite.advise.words import measured, settle
from vbench_lite.format import chance, interval, place_text
from vbench_lite.report.charts.style import axis_order, family_title

TOTALS = ("generator", "family", "value", "low", "high")


@dataclass(frozen=True)
class Answer:
    """An advice as frames.

    Attributes:
        verdict: "take", "cannot tell", "depends on what counts" or "none qualifies".
        leaders: labels that the answer names.
        words: the answer as one paragraph.
        weights: by axis, those that count; empty without weights.
        totals: columns TOTALS, of the candidates, best first; empty without weights.
        shortlist: every generator as text: place, total, chances, and why one is not ranked.
        limits: limit, why, generator, status, measured; one row for each limit and generator.
        decided: axis, leader, next, part: what each axis adds to the leader's total over the next one's.
        beliefs: belief, what the run says of it, in words.
        left_out: axes that should count and cannot, with the reason.
    """

    verdict: str
    leaders: tuple[str, ...]
    words: str
    weights: Mapping[str, float]
    totals: pd.DataFrame
    shortlist: pd.DataFrame
    limits: pd.DataFrame
    decided: pd.DataFrame
    beliefs: pd.DataFrame
    left_out: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def headline(self) -> str:
        """The verdict with the generators that it names."""
        return f"{self.verdict}: {', '.join(self.leaders)}" if self.leaders else self.verdict


def answer(found: Advice) -> Answer:
    """Lay out an advice."""
    weights = {} if found.weights is None else {str(a): w for a, w in found.weights.by_axis.items()}
    return Answer(
        verdict=str(found.verdict),
        leaders=found.leaders,
        words=found.words,
        weights={axis: weights[axis] for axis in axis_order(set(weights))},
        totals=pd.DataFrame([_total(s) for s in found.candidates if weights], columns=list(TOTALS)),
        shortlist=pd.DataFrame([_line(s, bool(weights)) for s in found.standings]),
        limits=pd.DataFrame(
            [row for s in found.standings for row in _limits(s)],
            columns=["limit", "generator", "status", "measured", "why"],
        ).sort_values("limit", kind="stable"),
        decided=_decided(found),
        beliefs=pd.DataFrame(
            [(b.belief, str(b.verdict), b.words) for b in found.beliefs],
            columns=["belief", "this run", "in words"],
        ),
        left_out=dict(found.left_out),
        notes=found.notes,
    )


def use_weights(name: str) -> dict[str, float]:
    """The weights of a use, by axis."""
    return {str(axis): weight.weight for axis, weight in load_use(name).weights.items()}


def use_limits(name: str) -> dict[tuple[str, str], str]:
    """The limits of a use: what may be asked at most or at least, as text, by quantity and side."""
    found = {}
    for limit in load_use(name).limits:
        asked = parse_requirement(limit.limit)
        side = "<=" if asked.at_most else ">="
        found[asked.name, side] = limit.limit.split(side)[1].strip()
    return found


def with_choice(choices: Sequence[str], own: str, none: str) -> list[str]:
    """Choices of a slider with one more, in the order of their values; `none`, no limit, stays the first."""

    def value(text: str) -> float:
        return parse_requirement(f"x <= {text}").value

    others = [choice for choice in choices if choice != none]
    if own != none:
        others = [choice for choice in others if value(choice) != value(own)] + [own]
    return [none, *sorted(others, key=value)]


def use_reasons(name: str) -> pd.DataFrame:
    """What a use asks for and why: asks, because."""
    use = load_use(name)
    rows = [(limit.limit, limit.why) for limit in use.limits]
    rows += [(f"{axis}, weight {weight.weight:g}", weight.why) for axis, weight in use.weights.items()]
    return pd.DataFrame(rows, columns=["asks", "because"])


def _total(standing: Standing) -> tuple[object, ...]:
    at = standing.place
    assert at is not None and at.total is not None
    family = standing.row.arm.family
    return standing.generator, family, at.total.value, at.total.low, at.total.high


def _line(standing: Standing, weighed: bool) -> dict[str, object]:
    at = standing.place
    line: dict[str, object] = {
        "generator": standing.generator,
        "family": family_title(standing.row.arm.family),
    }
    if weighed:
        total = at.total if at is not None else None
        line |= {
            "place": place_text(at.rank if at is not None else None),
            "total": None if total is None else total.value,
            "total 95%": "–" if total is None else interval(total.low, total.high),
            "best": _chance(at.best if at is not None else None),
        }
    line["on the front"] = _chance(at.front if at is not None else None)
    line["limits"] = str(standing.status) if standing.checks else "none set"
    line["not ranked because"] = standing.reason or ""
    return line


def _chance(probability: float | None) -> str:
    return "–" if probability is None else chance(probability)


def _limits(standing: Standing) -> list[tuple[str, str, str, str, str]]:
    rows = []
    for check in standing.checks:
        said = measured(check) if check.quantity.value is not None else (check.reason or "")
        if check.status is Status.MAY:
            said += f"; {settle(check)}"
        wanted = check.requirement
        rows.append((wanted.text, standing.generator, str(check.status), said, wanted.why or ""))
    return rows


def _decided(found: Advice) -> pd.DataFrame:
    columns = ["axis", "leader", "next", "part"]
    if found.gap is None:
        return pd.DataFrame(columns=columns)
    first, second = (standing.generator for standing in found.candidates[:2])
    parts = {str(axis): part for axis, part in found.gap.by_axis.items()}
    rows = [(axis, first, second, parts[axis]) for axis in axis_order(set(parts))]
    return pd.DataFrame(rows, columns=columns)
