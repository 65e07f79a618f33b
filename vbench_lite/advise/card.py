"""The answer card: who is best at what, by how much and how sure, and what to take for which use.

Made in one place from a board; terminal, dashboard, HTML report and GitHub summary only lay it out. How
sure is one of three words. `sure`: first in the board's ranks, or (single metrics) apart by their 95%
intervals from every other. `likely`: the best in at least 80% of joint draws. `open`: neither. Timed calls
that other processes disturbed make nothing sure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vbench_lite.advise.advice import advise
from vbench_lite.advise.answer import Advice, Standing, Verdict
from vbench_lite.advise.profiles import load_use
from vbench_lite.advise.quantities import Numbers
from vbench_lite.advise.ranking import best_on, comparable
from vbench_lite.errors import SpecError, StoreError
from vbench_lite.format import (
    certainty,
    forecast,
    interval,
    listed,
    number,
    percent,
    plural,
    plus_minus,
    score_text,
    times,
)
from vbench_lite.metric import Axis
from vbench_lite.results.arms import Run
from vbench_lite.results.axes import RELATIVE_AXES, AxisScore, difference, differences
from vbench_lite.results.board import RELATIVE_TIE, Board, BoardRow
from vbench_lite.results.catalogue import MetricFacts
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.results.labels import row_titles
from vbench_lite.stats.multiple import shaffer_factor
from vbench_lite.stats.noninferiority import ALPHA
from vbench_lite.stats.power import units_to_settle
from vbench_lite.stats.rounds import of_any_occasion
from vbench_lite.store import run_names

SURE, LIKELY, OPEN = "sure", "likely", "open"
Names = dict[tuple[str, str], str]  # by run and generator, what a row is called
_MANY = 1_000  # more prompts than this nobody makes
_ALONE = "no other to compare with"
_UNKNOWN = "nothing says how these vary, as after one round of calls"
_MOST_METRICS = 8  # facts of a suite without axes
_WIDE = 1.96  # half-widths of a 95% interval in standard errors
# What is said of a metric of speed or memory: what it is, and how the better one differs.
_SAID = {
    "speed/time_to_first_frame_s": ("first frame", "sooner"),
    "speed/latency_s": ("whole clip", "sooner"),
    "memory/peak_bytes": ("peak memory", "less"),
}


@dataclass(frozen=True)
class Fact:
    """One line of the card.

    Attributes:
        about: an axis, a measure or "take".
        sure: "sure", "likely" or "open".
        leaders: who is (or may be) first, by the names that the card uses.
        words: one sentence without its subject's full stop.
    """

    about: str
    sure: str
    leaders: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Card:
    """The answer of a board.

    Attributes:
        title: of the run, or the suite and how many generators and clips of several runs it speaks of.
        facts: one for each axis, and for each timed measure.
        take: what to take for the named uses, grouped by answer.
        doubts: what a reader must know before trusting it.
    """

    title: str
    facts: tuple[Fact, ...]
    take: tuple[Fact, ...]
    doubts: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values: title, facts[] and take[] {about, sure, leaders[], words}, doubts[]."""
        facts = [[vars(fact) | {"leaders": list(fact.leaders)} for fact in group] for group in self._groups()]
        return {"title": self.title, "facts": facts[0], "take": facts[1], "doubts": list(self.doubts)}

    def _groups(self) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
        return self.facts, self.take


def answer_card(
    board: Board, runs: Sequence[Run] = (), uses: Sequence[str] = (), numbers: Numbers | None = None
) -> Card:
    """Make the card of a board: of the rows that were asked for the same as the first one.

    Args:
        runs: those of the board, newest first; what the uses look their limits up in.
        uses: names of uses; one that the suite cannot answer is left out.
        numbers: of these runs, where more is asked of them.
    """
    rows = [row for row in board.rows if row.protocol == board.rows[0].protocol] if board.rows else []
    names = dict(zip(map(_key, rows), row_titles(rows), strict=True))
    whole = [row for row in rows if row.arm.ok == row.arm.planned]
    facts = tuple(_facts(board, whole, names)) if whole else ()
    group = replace(board, rows=rows)
    own = {row.arm.run_id for row in rows}
    asked = [run for run in runs if run.run_id in own] if len(whole) > 1 else []
    take = tuple(_take(group, asked, uses, names, numbers or Numbers(asked))) if asked else ()
    return Card(_title(board, rows, asked or runs), facts, take, tuple(_doubts(board, rows, names)))


def _key(row: BoardRow) -> tuple[str, str]:
    return row.arm.run_id, row.arm.generator


def _title(board: Board, rows: Sequence[BoardRow], runs: Sequence[Run]) -> str:
    if not rows:
        return f"{board.suite.name}: no generator has been scored"
    told = {run.run_id: run_names.title(run.document()) for run in runs}
    if len({row.arm.run_id for row in rows}) == 1 and rows[0].arm.run_id in told:
        return told[rows[0].arm.run_id]
    clips = max(row.arm.planned for row in rows)
    return f"{board.suite.name} · {plural(len(rows), 'generator')} · {plural(clips, 'clip')} each"


# --- facts ------------------------------------------------------------------------------------


def _facts(board: Board, rows: Sequence[BoardRow], names: Names) -> Iterator[Fact]:
    scaled = [axis for axis in board.suite.axes if axis not in RELATIVE_AXES]
    timed = [m for axis in board.suite.axes if axis in RELATIVE_AXES for m in board.suite.axes[axis].metrics]
    silent: dict[str | None, list[str]] = {}  # axes without a score, by the reason
    for axis in scaled:
        there = [row for row in rows if row.axes[axis].value is not None]
        if there:
            yield _axis(board, axis, there, names)
        else:
            silent.setdefault(rows[0].axes[axis].reason, []).append(str(axis))
    for reason, axes in silent.items():
        about = axes[0] if len(axes) == 1 else plural(len(axes), "axis", "axes")
        several = "" if len(axes) == 1 else f" of {listed(axes)}"
        yield Fact(about, OPEN, (), f"no score{several}: {reason}")
    yield from (found for metric in timed if (found := _metric(metric, rows, names)) is not None)
    if not board.suite.axes:
        yield from _without_axes(rows, names)


def _axis(board: Board, axis: Axis, rows: Sequence[BoardRow], names: Names) -> Fact:
    """Who is first on a scaled axis."""
    ordered = sorted(rows, key=lambda row: -(row.axes[axis].value or 0.0))
    called = [names[_key(row)] for row in ordered]
    scores = [score_text(row.axes[axis]) for row in ordered]
    if len(rows) == 1:
        return Fact(str(axis), OPEN, tuple(called), f"{called[0]}: {scores[0]}, {_ALONE}")
    if not any(axis in row.ranks for row in rows):
        why = next((n.partition(": ")[2] for n in board.notes if n.startswith(f"{axis} is not ranked")), "")
        return Fact(str(axis), OPEN, tuple(called), f"not ranked{': ' if why else ''}{why}")
    ranks = [row.ranks.get(axis, (1, 1)) for row in ordered]
    most = min(worst for _, worst in ranks) if min(ranks)[0] > 1 else 1  # the first may be none of these rows
    first = [row for row, (best, _) in zip(ordered, ranks, strict=True) if best <= most]
    chances = best_on(ordered, axis)
    best = max(range(len(ordered)), key=chances.__getitem__)
    sure = SURE if len(first) == 1 else LIKELY if certainty(chances[best]) != OPEN else OPEN
    if sure == OPEN or not comparable(ordered, axis):
        tied = [name for name, row in zip(called, ordered, strict=True) if row in first]
        values = ", ".join(text for text, row in zip(scores, ordered, strict=True) if row in first)
        count = _prompts(first[0], axis)
        more = _more(first[0], first[1], axis, ordered)
        what = "vote" if axis == Axis.PREFERENCE else "prompt"
        return Fact(str(axis), OPEN, tuple(tied), f"a tie: {plural(count, what)} cannot part {values}{more}")
    second = next(i for i in range(len(ordered)) if i != best)
    by = _lead(ordered[best].axes[axis], ordered[second].axes[axis])
    said = f"{called[best]}: {scores[best]}, before {called[second]} {scores[second]}{by}"
    return Fact(str(axis), sure, (called[best],), said)


def _lead(first: AxisScore, second: AxisScore) -> str:
    """By how much one is before another, where their intervals overlap: the paired difference is narrower."""
    found = difference(first, second)
    if first.low is None or second.high is None or first.low > second.high or not math.isfinite(found.se):
        return ""
    low, high = found.delta(first.n).interval()
    return f" by {plus_minus(AxisScore(found.value, low=low, high=high))}"


def _prompts(row: BoardRow, axis: Axis) -> int:
    """Prompts behind an axis: those of the row, or fewer where it is of a suite that is brought along.

    Votes behind the axis of votes.
    """
    clips = max(row.arm.estimates[metric].n for metric in row.suite.axes[axis].metrics)
    return clips if axis == Axis.PREFERENCE else min(len(row.arm.prompts) or clips, clips)


def _more(first: BoardRow, second: BoardRow, axis: Axis, rows: Sequence[BoardRow]) -> str:
    """How many more prompts would part two of some rows, in words."""
    if not math.isfinite(difference(first.axes[axis], second.axes[axis]).se) or not _prompts(first, axis):
        return ""
    more = prompts_to_part(first, second, axis, rows)
    if more is None:
        return "; more prompts would not"
    return f"; about {forecast(more)} more would" if more <= _MANY else f"; even {_MANY:,} more would not"


def prompts_to_part(first: BoardRow, second: BoardRow, axis: Axis, rows: Sequence[BoardRow]) -> int | None:
    """How many more prompts would part two rows, if what was seen is the truth; None if none would.

    rows: all that are ranked together, the two among them: the more there are, the surer each pair must be.
    """
    found, prompts = difference(first.axes[axis], second.axes[axis]), _prompts(first, axis)
    if not found.value or not math.isfinite(found.se) or not prompts:
        return None
    i, j = sorted(next(i for i, row in enumerate(rows) if row is one) for one in (first, second))
    place = i * (2 * len(rows) - i - 1) // 2 + j - i - 1  # as `itertools.combinations` has pairs
    p_values = differences([row.axes[axis] for row in rows]).p_values
    factor = shaffer_factor(p_values, len(rows), place)
    return units_to_settle(found.delta(prompts), 0.0, alpha=ALPHA / factor)


_Shown = tuple[str, MetricEstimate, str]  # what a row is called, its estimate, and its run


def _metric(metric: str, rows: Sequence[BoardRow], names: Names) -> Fact | None:
    """Who is first on a metric with a direction; times, rates and memory are read as ratios."""
    there: list[_Shown] = [
        (names[_key(row)], measured, row.arm.run_id)
        for row in rows
        if (measured := row.arm.estimates.get(metric)) is not None and measured.value is not None
    ]
    if not there or not there[0][1].facts.sign:
        return None
    there.sort(key=lambda one: -one[1].facts.sign * (one[1].value or 0.0))
    estimates = [e for _, e, _ in there]
    timed = metric.startswith(("speed/", "memory/")) and all((e.value or 0.0) > 0 for e in estimates)
    about, better = _said(metric, estimates[0].facts)
    unit = estimates[0].facts.unit
    (name, best, _), others = there[0], there[1:]
    if not others:
        return Fact(about, OPEN, (name,), f"{name}: {number(best.value, unit)}, {_ALONE}")
    alike = [one for one in others if timed and _ratio(best, one[1]) <= 1 + RELATIVE_TIE]
    sure = OPEN if alike else _apart(there[0], others)
    unknown = not alike and any(e.ends is None for e in estimates)
    if sure == OPEN and not unknown:
        known = [one for one in others if best.ends is not None and one[1].ends is not None]
        tied = alike + [one for one in known if one not in alike and _apart(there[0], [one]) == OPEN]
        leaders = (name, *(one for one, _, _ in tied))
        values = sorted(e.value or 0.0 for e in (best, *(e for _, e, _ in tied)))
        shown = {number(value, unit) for value in values}
        between = shown.pop() if len(shown) == 1 else interval(values[0], values[-1], unit)
        return Fact(about, OPEN, leaders, f"a tie: {listed(leaders)}, {between}")
    if sure == SURE and metric.startswith("speed/") and any(e.contended for e in estimates):
        sure = LIKELY
    second = f"{others[0][0]} ({number(others[0][1].value, unit)})"
    by = f"{_by(_ratio(best, others[0][1]), better)} than" if timed else "before"
    beside = f"; {_UNKNOWN}" if unknown else ""
    return Fact(about, sure, (name,), f"{name}: {number(best.value, unit)}, {by} {second}{beside}")


def _said(metric: str, facts: MetricFacts) -> tuple[str, str]:
    """What a metric is called, and what the better of two has of it."""
    name = metric.rsplit("/", 1)[-1].removesuffix(f"_{facts.unit}").replace("_", " ")
    return _SAID.get(metric, (name, "more" if facts.sign > 0 else "less"))


def _by(ratio: float, better: str) -> str:
    """By how much one is better: a time or a size that is 1/1.4 of another is 29% less."""
    share = ratio - 1 if better == "more" else 1 - 1 / ratio
    return f"{times(ratio) if ratio >= 2 else percent(share)} {better}"


def _ratio(first: MetricEstimate, second: MetricEstimate) -> float:
    values = sorted((first.value or 1.0, second.value or 1.0))
    return values[1] / values[0]


def _apart(best: _Shown, others: Sequence[_Shown]) -> str:
    """How sure it is that a metric of one is better than that of every other."""
    chances = [_chance(best, other) for other in others]
    if all(chance == 1.0 for chance in chances):
        return SURE
    return LIKELY if certainty(min(chances)) != OPEN else OPEN


def _chance(best: _Shown, other: _Shown) -> float:
    """1 where the 95% intervals are apart, else the normal probability that the order is as seen."""
    (_, mine, run), (_, its, its_run) = best, other
    if mine.ends is None or its.ends is None or mine.value is None or its.value is None:
        return 0.5  # without an interval nothing can be said
    ends = mine.ends, its.ends
    if run != its_run and mine.facts.axis == Axis.SPEED and min(*mine.ends, *its.ends) > 0:
        wide = of_any_occasion(np.array([mine.value, its.value]), *np.array(ends).T)
        ends = (float(wide[0][0]), float(wide[1][0])), (float(wide[0][1]), float(wide[1][1]))
    (low, high), (its_low, its_high) = ends
    if high < its_low or low > its_high:
        return 1.0
    width = math.hypot(high - low, its_high - its_low) / (2 * _WIDE)
    if width == 0:
        return 0.5
    return min(0.5 * (1 + math.erf(abs(mine.value - its.value) / width / math.sqrt(2))), 0.999)


def _without_axes(rows: Sequence[BoardRow], names: Names) -> Iterator[Fact]:
    """A suite without axes: who is first on each metric with a direction, those that are sure first."""
    metrics = dict.fromkeys(m for row in rows for m in row.arm.estimates)
    facts = [found for metric in metrics if (found := _metric(metric, rows, names)) is not None]
    yield from sorted(facts, key=lambda fact: (SURE, LIKELY, OPEN).index(fact.sure))[:_MOST_METRICS]


# --- what to take -----------------------------------------------------------------------------


def _take(
    board: Board, runs: Sequence[Run], uses: Sequence[str], names: Names, numbers: Numbers
) -> Iterator[Fact]:
    """The uses by their answer: one fact for each set of leaders and each degree of certainty."""
    grouped: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name in uses:
        use = load_use(name)
        try:
            found = advise(runs, use=use, board=board, brief=True, numbers=numbers)
        except (SpecError, StoreError):  # what counts for it was not measured here
            continue
        if found.verdict is Verdict.CANNOT_TELL and not found.leaders:
            continue  # nor was enough of it
        sure, first = _answer(found)
        called = [names[_key(standing.row)] for standing in first]
        key = tuple(sorted(called) if sure == OPEN else called)  # those that tie have no order
        grouped.setdefault((sure, key), []).append(use.title)
    order = (SURE, LIKELY, OPEN)
    for (sure, leaders), titles in sorted(grouped.items(), key=lambda item: order.index(item[0][0])):
        who = listed(leaders, "or") if leaders else "none of them"
        yield Fact("take", sure, leaders, f"{who} for {listed(titles)}")


def _answer(found: Advice) -> tuple[str, tuple[Standing, ...]]:
    """How sure an answer is, and who is named: runs of one generator are rows of their own."""
    leaders = found.candidates[: len(found.leaders)]
    if found.verdict is Verdict.TAKE:
        return LIKELY if _disturbed(found) else SURE, leaders
    if found.verdict is Verdict.NONE_QUALIFIES:
        return SURE, ()
    at = found.candidates[0].place if found.candidates else None
    likely = at is not None and at.best is not None and certainty(at.best) != OPEN
    return (LIKELY, leaders[:1]) if likely else (OPEN, leaders)


def _disturbed(found: Advice) -> bool:
    """Whether speed counts, and other processes disturbed calls of a candidate."""
    counts = found.weights is not None and Axis.SPEED in found.weights.by_axis
    timed = (e for standing in found.candidates for e in standing.row.arm.estimates.values())
    return counts and any(e.disturbed for e in timed)


# --- doubts -----------------------------------------------------------------------------------


def _doubts(board: Board, rows: Sequence[BoardRow], names: Names) -> Iterator[str]:
    for row in rows:
        if row.arm.ok < row.arm.planned:
            reasons = sorted(row.arm.failures.items(), key=lambda item: -item[1])
            why = f"; most often: {reasons[0][0]}" if reasons else ""
            left = row.arm.planned - row.arm.ok
            yield f"{names[_key(row)]} has no clip for {left} of {row.arm.planned} requests{why}"
    yield from (
        n for n in board.notes if " is not ranked: " not in n or n.split(" is ")[0] in board.suite.axes
    )
    for flag in board.trust:
        if flag.axes:
            yield f"{flag.metric} (counts towards {', '.join(flag.axes)}) says little here: {flag.reason}"
