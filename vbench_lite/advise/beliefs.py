"""What a run says of common beliefs about diffusion and autoregression.

A belief is held against every generator of the families that it speaks of: supported if all of them agree
with it beyond noise, contradicted if all go the other way beyond noise, left open otherwise. What is found
holds for the generators of the run, not for their families at large: with one generator a family it is one
example.

Differences come from `compare` (times, paired by round) and from the board (axes, paired by prompt); drift
and detail are those of each generator, against 0 and against 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from itertools import product
from typing import Any

from vbench_lite.advise.quantities import CLIP_SECONDS, LATENCY, Found, Numbers
from vbench_lite.compare.differences import pair, subtract
from vbench_lite.errors import IncomparableError
from vbench_lite.format import listed
from vbench_lite.generator import Family
from vbench_lite.metric import Axis
from vbench_lite.results.axes import difference
from vbench_lite.results.board import RELATIVE_TIE, BoardRow
from vbench_lite.stats.student import quantile

FIRST_FRAME = "speed/time_to_first_frame_s"
# Shares a second; below 0 is a loss.
_DRIFTS = {
    "horizon/identity_drift": "identity",
    "horizon/stage_drift": "identity",
    "horizon/sharpness_drift": "sharpness",
    "horizon/motion_drift": "motion",
}
DRIFTS = tuple(_DRIFTS)
DETAIL = "reconstruction/high_frequency_kept"
MOST_PAIRS = 100  # of more, only counts are told
FLAT = 0.01  # a change of 1% (of the value a second, or of the detail) is none worth the name
DIFFUSION = (Family.LATENT_DIFFUSION, Family.PIXEL_DIFFUSION)


class BeliefVerdict(StrEnum):
    """What the data say of a belief."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    OPEN = "left open"


@dataclass(frozen=True)
class Number:
    """One number behind a verdict. what: a phrase that it completes; ci: its 95% interval or None."""

    what: str
    value: float
    ci: tuple[float, float] | None
    unit: str = ""


@dataclass(frozen=True)
class Belief:
    """A belief and what was found. words: one or two sentences."""

    id: str
    belief: str
    verdict: BeliefVerdict
    words: str
    numbers: tuple[Number, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def beliefs(rows: Sequence[BoardRow], numbers: Numbers) -> list[Belief]:
    """Hold every belief against the generators of a board."""
    diffusion = [row for row in rows if row.arm.family in DIFFUSION]
    regressive = [row for row in rows if row.arm.family == Family.AUTOREGRESSIVE]
    pairs = list(product(diffusion, regressive))
    return [
        _faster(pairs, numbers),
        _by_axis("coherence", "autoregression is more coherent", Axis.COHERENCE, pairs, expected=-1),
        _drift(rows, numbers),
        _detail(rows, numbers),
        _by_axis("diversity", "diffusion is more diverse", Axis.DIVERSITY, pairs, expected=+1),
    ]


Pairs = Sequence[tuple[BoardRow, BoardRow]]  # (diffusion, autoregressive)
_NO_PAIR = "The run has no generators of both families."


def verdict_of(signs: Sequence[int], expected: int) -> BeliefVerdict:
    """From the sign of each pair's difference: +1 or -1 beyond noise, 0 where the data cannot tell."""
    if signs and all(sign == expected for sign in signs):
        return BeliefVerdict.SUPPORTED
    if signs and all(sign == -expected for sign in signs):
        return BeliefVerdict.CONTRADICTED
    return BeliefVerdict.OPEN


@dataclass(frozen=True)
class Held:
    """A belief held against one pair.

    sign: +1 or -1 beyond noise, 0 where the data cannot tell, None where something is missing.
    notes: what is missing; pairs share them.
    """

    sign: int | None
    numbers: tuple[Number, ...] = ()
    words: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _over(
    name: str, text: str, pairs: Pairs, expected: int, hold: Callable[[BoardRow, BoardRow], Held]
) -> Belief:
    """Hold a belief against every pair; of very many, until no other can change the verdict.

    expected: the sign that the belief gives to each pair.
    """
    if not pairs:
        return Belief(name, text, BeliefVerdict.OPEN, _NO_PAIR)
    found: list[Held] = []
    for one, other in pairs:
        signs = {held.sign for held in found}
        if len(found) >= MOST_PAIRS and signs not in (set(), {+1}, {-1}):
            break
        found.append(hold(one, other))
    known = [held.sign for held in found if held.sign is not None]
    verdict = verdict_of(known, expected) if len(known) == len(found) else BeliefVerdict.OPEN
    if len(pairs) > MOST_PAIRS:
        return Belief(
            name, text, verdict, _counted([known.count(expected), known.count(-expected)], found, pairs)
        )
    words = [word for held in found for word in held.words]
    notes = dict.fromkeys(note for held in found for note in held.notes)
    return Belief(name, text, verdict, _joined([*words, *notes]), tuple(n for h in found for n in h.numbers))


def _counted(sides: Sequence[int], found: Sequence[Held], pairs: Pairs) -> str:
    """What many pairs say, too many to be told one by one; sides: how many agree, and how many do not."""
    agree, against = sides
    told = f"{agree} agree with it, {against} go the other way, {len(found) - agree - against} leave it open"
    if len(found) == len(pairs):
        return f"Of {len(pairs):,} pairs of generators {told}."
    return (
        f"Of the first {len(found):,} of {len(pairs):,} pairs of generators {told}; no other can settle it."
    )


# --- speed -----------------------------------------------------------------------------------


def _faster(pairs: Pairs, numbers: Numbers) -> Belief:
    """Seconds for a clip decide; seconds to the first frame are told beside: another question."""
    return _over("speed", "diffusion is faster", pairs, +1, partial(_faster_pair, numbers=numbers))


def _faster_pair(one: BoardRow, other: BoardRow, *, numbers: Numbers) -> Held:
    ratios = {}
    found, words = [], []
    reasons: dict[str, list[str]] = {}  # the metrics that each holds for
    for metric in (LATENCY, FIRST_FRAME):
        ratio = _ratio(metric, one, other, numbers)
        if isinstance(ratio, str):
            reasons.setdefault(ratio, []).append(metric)
            continue
        ratios[metric] = ratio
        what = f"{metric}, {one.arm.generator} over {other.arm.generator}"
        found.append(Number(what, ratio[0], (ratio[1], ratio[2]), "x"))
    if LATENCY in ratios:
        words.append(
            f"{one.arm.generator} needs {_times(ratios[LATENCY])} the time of "
            f"{other.arm.generator} for a clip"
        )
    if FIRST_FRAME in ratios:
        words.append(f"its first frame comes after {_times(ratios[FIRST_FRAME])} the time")
    sign = -_sign(*ratios[LATENCY], tie=RELATIVE_TIE) if LATENCY in ratios else None
    notes = [f"{' and '.join(metrics)}: {reason}" for reason, metrics in reasons.items()]
    return Held(sign, tuple(found), tuple(words), tuple(notes))


def _ratio(metric: str, one: BoardRow, other: BoardRow, numbers: Numbers) -> tuple[float, float, float] | str:
    """Time of the first over the second with its interval, or why there is none."""
    first, second = numbers.find(one, metric), numbers.find(other, metric)
    for there in (first, second):
        if isinstance(there, str):
            return there
    assert isinstance(first, Found) and isinstance(second, Found)
    try:
        found = subtract(metric, second.side, first.side, pair(second.arm, first.arm), 0.0)
    except IncomparableError as error:
        return str(error)
    low, high = found.delta.interval()
    # The difference is oriented so that + is faster; a ratio of times falls as it rises.
    return math.exp(-found.delta.value), math.exp(-high), math.exp(-low)


def _times(ratio: tuple[float, float, float]) -> str:
    return f"{ratio[0]:.3g} times ({ratio[1]:.3g} to {ratio[2]:.3g})"


def _sign(value: float, low: float, high: float, *, tie: float) -> int:
    """Which side of 1 a ratio is on, beyond noise and beyond a tie."""
    if low > 1 and value > 1 + tie:
        return 1
    return -1 if high < 1 and value < 1 / (1 + tie) else 0


# --- axes ------------------------------------------------------------------------------------


def _by_axis(name: str, text: str, axis: Axis, pairs: Pairs, *, expected: int) -> Belief:
    """Diffusion minus autoregression on an axis; expected: the sign that the belief gives it."""
    return _over(name, text, pairs, expected, partial(_axis_pair, axis=axis))


def _axis_pair(one: BoardRow, other: BoardRow, *, axis: Axis) -> Held:
    for row in (one, other):
        score = row.axes.get(axis)
        if score is None or score.value is None:
            why = score.reason if score is not None else f"suite {row.suite.name} does not measure it"
            return Held(None, notes=(f"{row.arm.generator} has no {axis} score: {why}",))
    gap = difference(one.axes[axis], other.axes[axis])
    half = quantile(0.975, gap.dof) * gap.se if math.isfinite(gap.se) else math.inf
    ends = (gap.value - half, gap.value + half)
    known = math.isfinite(half)
    words = (
        f"{one.arm.generator} scores {one.axes[axis].value:.3f} and {other.arm.generator} "
        f"{other.axes[axis].value:.3f}, a difference of {gap.value:+.3f}"
        + (f" ({ends[0]:+.3f} to {ends[1]:+.3f})" if known else "")
    )
    what = f"{axis}, {one.arm.generator} minus {other.arm.generator}"
    number = Number(what, gap.value, ends if known else None)
    return Held(1 if ends[0] > 0 else -1 if ends[1] < 0 else 0, (number,), (words,))


# --- one generator at a time -----------------------------------------------------------------


def _drift(rows: Sequence[BoardRow], numbers: Numbers) -> Belief:
    """Slopes of what a clip shows against time; below 0 something is lost as it goes on."""
    slopes = {metric: _values(metric, rows, numbers) for metric in DRIFTS}
    found = [number for numbers_of in slopes.values() for number in numbers_of.values()]
    if not found:
        reason = numbers.find(rows[0], DRIFTS[0])
        return Belief(
            "drift", "drift grows with length", BeliefVerdict.OPEN, f"No slope over time: {reason}."
        )
    signs, words = [], []
    for row in rows:
        mine = [slopes[metric][row.arm.generator] for metric in DRIFTS if row.arm.generator in slopes[metric]]
        if not mine:
            continue
        lost = any(_side(number, 0.0, FLAT) < 0 for number in mine)
        known = [number for number in mine if number.ci is not None]  # the others are equal on every clip
        flat = (
            bool(known) and all(_within(n, FLAT) for n in known) and all(abs(n.value) <= FLAT for n in mine)
        )
        signs.append(1 if lost else -1 if flat else 0)
        told = listed([f"{_percent(n)} of {_DRIFTS[n.what.split()[0]]}" for n in mine])
        words.append(f"{row.arm.generator} {told}")
    verdict = verdict_of(signs, +1) if len(signs) == len(rows) else BeliefVerdict.OPEN
    length = numbers.of(rows[0], CLIP_SECONDS).value
    over = f"in clips of up to {length:g} s" if length is not None else "in clips of unknown length"
    text = f"Change a second {over}: {_joined(words)}"
    return Belief("drift", "drift grows with length", verdict, text, tuple(found))


def _detail(rows: Sequence[BoardRow], numbers: Numbers) -> Belief:
    """Fine detail of real clips that is left after a generator's own encoder and decoder."""
    text = "the latent code loses detail"
    kept = _values(DETAIL, rows, numbers)
    if not kept:
        reason = numbers.find(rows[0], DETAIL)
        return Belief("detail", text, BeliefVerdict.OPEN, f"No clip through a codec: {reason}.")
    signs = [-_side(number, 1.0, FLAT) if not _within(number, FLAT, 1.0) else -1 for number in kept.values()]
    words = [f"{name} {_share(number)}" for name, number in kept.items()]
    told = f"Fine detail of real clips that is left after the codec: {_joined(words)}"
    return Belief("detail", text, verdict_of(signs, +1), told, tuple(kept.values()))


def _values(metric: str, rows: Sequence[BoardRow], numbers: Numbers) -> dict[str, Number]:
    """A metric of every generator that has it, by label."""
    found = {}
    for row in rows:
        there = numbers.find(row, metric)
        if isinstance(there, Found) and there.estimate.value is not None:
            measured = there.estimate
            ends = None if measured.low is None or measured.high is None else (measured.low, measured.high)
            what = f"{metric} of {row.arm.generator}"
            found[row.arm.generator] = Number(what, there.estimate.value, ends, measured.facts.unit)
    return found


def _side(number: Number, mark: float, least: float) -> int:
    """Which side of a mark a number is on, beyond noise and by more than `least`."""
    if number.ci is None:
        return 0
    if number.ci[1] < mark and number.value < mark - least:
        return -1
    return 1 if number.ci[0] > mark and number.value > mark + least else 0


def _within(number: Number, reach: float, mark: float = 0.0) -> bool:
    """Whether the whole interval lies within `reach` of a mark."""
    return number.ci is not None and mark - reach <= number.ci[0] and number.ci[1] <= mark + reach


def _percent(number: Number) -> str:
    ends = "" if number.ci is None else f" ({100 * number.ci[0]:+.1f} to {100 * number.ci[1]:+.1f})"
    return f"{100 * number.value:+.1f}%{ends}"


def _share(number: Number) -> str:
    ends = "" if number.ci is None else f" ({100 * number.ci[0]:.0f} to {100 * number.ci[1]:.0f})"
    return f"{100 * number.value:.0f}%{ends}"


def _joined(words: Sequence[str]) -> str:
    return f"{'; '.join(words)}." if words else ""
