"""The answer as one paragraph that names the numbers which decided."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vbench_lite.advise.requirements import Check, Status
from vbench_lite.format import MOST_FORECAST, about, about_more, chance, listed, percent, with_interval
from vbench_lite.stats.pareto import near_tie

if TYPE_CHECKING:
    from vbench_lite.advise.answer import Advice, Standing

SURE = 0.95  # probability from which one generator is called the best


def paragraph(advice: Advice) -> str:
    """Plain sentences; no markup."""
    from vbench_lite.advise.answer import Verdict

    parts = {
        Verdict.TAKE: _take,
        Verdict.CANNOT_TELL: _cannot_tell,
        Verdict.DEPENDS: _depends,
        Verdict.NONE_QUALIFIES: _none,
    }[advice.verdict](advice)
    return " ".join([*parts, *_excluded(advice), *_unmeasured(advice)])


def measured(check: Check) -> str:
    """`6.2 ms (5.78 to 6.62)`."""
    found = check.quantity
    return "not measured" if found.value is None else with_interval(found, found.unit)


def more(count: int | None, units: str) -> str:
    """What it would take to be sure."""
    if count is None:
        return f"no number of {units} would tell them apart if what was seen is the truth: take either"
    if count > MOST_FORECAST:
        return f"{about(count)} {units} would be needed to tell them apart: take either"
    return f"{about_more(count, units)} of each would tell, if what was seen is the truth"


def settle(check: Check) -> str:
    """What it would take to settle a requirement."""
    if check.more is None:
        return check.reason or "the data do not settle it"
    return f"{about_more(check.more, check.quantity.units)} would settle it"


def _for(advice: Advice) -> str:
    return f"For {advice.use.title}, " if advice.use is not None else ""


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _take(advice: Advice) -> list[str]:
    leader = advice.candidates[0]
    assert leader.place is not None
    if len(advice.candidates) == 1:
        alone = "it is the only one that qualifies" if len(advice.standings) > 1 else "there is no other"
        return [_sentence(f"{_for(advice)}take {leader.generator}: {alone}."), *_met(leader)]
    if advice.weights is None:
        first = (
            f"{_for(advice)}take {leader.generator}: no other is on the Pareto front, whatever the weights."
        )
        return [_sentence(first), *_met(leader)]
    first = (
        f"{_for(advice)}take {leader.generator}: it has the best total in "
        f"{_draws(leader.place.best or 0.0)} from what was measured."
    )
    return [_sentence(first), *_met(leader), *_decided(advice), *_weights(advice)]


def _draws(probability: float) -> str:
    """`97% of draws`, with what that is worth among near ties, if it is not sure then."""
    fair = near_tie(probability)
    beside = f" ({chance(fair)} where generators lie as close as the noise)" if 0.5 < fair < SURE else ""
    return f"{chance(probability)} of draws{beside}"


def _weights(advice: Advice) -> list[str]:
    """What counted how much, and what did not count for want of a number."""
    assert advice.weights is not None
    counted = listed([f"{axis} {weight:g}" for axis, weight in advice.weights.by_axis.items()])
    beside = (
        f", without {listed(list(advice.left_out))} (not measured so that it could count)"
        if advice.left_out
        else ""
    )
    return [f"Weights: {counted}{beside}."]


def _open(advice: Advice) -> list[str]:
    """What was not measured outweighs the rest; what the rest says, with its weights."""
    assert advice.weights is not None
    missing = listed([f"{axis} ({reason})" for axis, reason in advice.left_out.items()])
    first = (
        f"{_for(advice)}the data cannot tell which is best: {percent(advice.unmeasured)} of the weight lies "
        f"on what was not measured. Measure {missing}."
    )
    known = [f"{axis} {weight:g}" for axis, weight in advice.weights.by_axis.items()]
    leader = advice.candidates[0].generator if advice.candidates else "no one"
    return [_sentence(first), f"By {listed(known)} alone, {leader} would come first."]


def _cannot_tell(advice: Advice) -> list[str]:
    if not advice.leaders:
        return _open(advice)
    if len(advice.leaders) == 1:
        leader = next(s for s in advice.candidates if s.generator == advice.leaders[0])
        first = f"{_for(advice)}the best total is that of {leader.generator}, but {_doubt(leader)}."
        return [_sentence(first), *_decided(advice)]
    named = {s.generator: s for s in advice.candidates}
    shares = []
    for label in advice.leaders:
        at = named[label].place
        shares.append(f"{label} has the best total in {_draws((at.best if at else None) or 0.0)}")
    first = f"{_for(advice)}the data cannot tell which is best: {', '.join(shares)}."
    doubts = [
        f"{label} may or may not meet {c.requirement.text}: {measured(c)}; {settle(c)}."
        for label in advice.leaders
        for c in named[label].checks
        if c.status is Status.MAY
    ]
    found = advice.gap
    if found is None:
        return [_sentence(first), *doubts]
    told = more(found.more, found.units)
    tie = advice.weights.tie if advice.weights is not None else 0.0
    runs = {standing.row.arm.run_id for standing in advice.candidates[:2]}
    if found.more is None and found.units == "rounds" and abs(found.value) > tie and len(runs) > 1:
        told = "no number of rounds of two runs would tell them apart: time both in one run"
    return [_sentence(first), _gap(advice), _sentence(told) + ".", *doubts]


def _doubt(leader: Standing) -> str:
    """Why it is not known whether one meets every limit."""
    may = [c for c in leader.checks if c.status is Status.MAY]
    if may:
        told = " and ".join(f"{c.requirement.text}: {measured(c)}; {settle(c)}" for c in may)
        return f"the data cannot tell whether it meets {told}"
    open_ = [c.requirement.text for c in leader.checks if c.status is Status.UNMEASURED]
    return f"nothing measured says whether it meets {listed(open_)}"


def _depends(advice: Advice) -> list[str]:
    front = [s for s in advice.candidates if s.generator in advice.leaders]
    names = ", ".join(f"{s.generator} ({chance(s.place.front or 0.0)})" for s in front if s.place is not None)
    if not advice.board.suite.axes:
        names = listed([standing.generator for standing in front])
        return [f"The suite has no axes, so the limits alone decide: {names} may qualify."]
    if len(front) == 1:
        alone = f"{_for(advice)}{front[0].generator} alone is on the Pareto front, but {_doubt(front[0])}."
        return [_sentence(alone)]
    found = ["Without weights there is no single answer."]
    if front:
        found.append(f"On the Pareto front: {names}.")
    best: dict[str, list[str]] = {}
    for axis in advice.candidates[0].place.best_on if advice.candidates[0].place is not None else ():
        ranked = sorted(advice.candidates, key=lambda s: -(s.place.best_on[axis] if s.place else 0.0))
        top = ranked[0].place
        sure = top is not None and top.best_on[axis] >= 0.95
        best.setdefault(ranked[0].generator if sure else "", []).append(str(axis))
    for label, axes in sorted(best.items(), key=lambda item: item[0] == ""):
        found.append(
            f"{label} is the best at {listed(axes)}."
            if label
            else f"No one is surely the best at {listed(axes)}."
        )
    return [*found, "Say what counts with --use or --weight."]


def _none(advice: Advice) -> list[str]:
    return [_sentence(f"{_for(advice)}none of the {len(advice.standings)} generators qualifies.")]


def _met(leader: Standing) -> list[str]:
    """The limits that the leader meets, with its numbers."""
    met = [c for c in leader.checks if c.status is Status.MEETS]
    if not met:
        return []
    each = [f"{c.requirement.text} with {measured(c)}" for c in met]
    return [f"It meets {listed(each)}."]


def _decided(advice: Advice) -> list[str]:
    """What puts the leader before the next one."""
    return [_gap(advice)] if advice.gap is not None else []


def _gap(advice: Advice) -> str:
    found = advice.gap
    assert found is not None
    first, second = advice.candidates[:2]
    ends = "" if math.isinf(found.low) else f" ({found.low:+.3f} to {found.high:+.3f})"
    parts = sorted(found.by_axis.items(), key=lambda item: -item[1])
    gained = [f"{axis} {part:+.3f}" for axis, part in parts if part > 0.0005][:2]
    lost = [f"{axis} {part:+.3f}" for axis, part in reversed(parts) if part < -0.0005][:2]
    why = ""
    if gained or lost:
        why = ": " + ", ".join([*gained, *lost])
    lies = f"{abs(found.value):.3f} of the total {'before' if found.value >= 0 else 'behind'}"
    return f"{first.generator} lies {lies} {second.generator}{ends}{why}."


def _excluded(advice: Advice) -> list[str]:
    found = []
    for standing in advice.standings:
        if standing.place is not None or standing.reason is None:
            continue
        failed = [c for c in standing.checks if c.status is Status.FAILS]
        if failed:
            why = listed([f"{c.requirement.text} ({measured(c)})" for c in failed])
            found.append(f"{standing.generator} does not meet {why}.")
        else:
            found.append(f"{standing.generator} is not ranked: {standing.reason}.")
    return found


def _unmeasured(advice: Advice) -> list[str]:
    """Requirements without a number on anyone who is still in."""
    open_: dict[str, str] = {}
    for standing in advice.candidates:
        for c in standing.checks:
            if c.status is Status.UNMEASURED:
                open_.setdefault(c.requirement.text, c.reason or "no reason given")
    return [f"Whether {text} holds is open: {reason}." for text, reason in open_.items()]
