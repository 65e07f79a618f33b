"""Numbers, times and changes as text: the one place that says how a figure reads, on every face.

Three significant figures; bytes in powers of ten (kB, MB, GB), times below a second in ms; a dash where
there is no value, never NaN. Imports nothing of the package, so every layer can use it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

NONE = "–"
ARROWS = {True: " ↑", False: " ↓", None: ""}  # behind a metric: which way is better

TIMES = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}  # in seconds: what users write behind a number

_BYTES = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0))
_SECONDS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
_UNITS = {"bytes": _BYTES, "byte": _BYTES, "B": _BYTES, "s": _SECONDS, "seconds": _SECONDS}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FIGURES = 3
_LARGEST = 1e6  # from here on the exponent form is easier to read
_SURE, _LIKELY = 0.95, 0.8


class Estimated(Protocol):
    """Anything with a value and its interval; None where there is none."""

    @property
    def value(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


# --- one number -------------------------------------------------------------------------------


def significant(value: float, figures: int = _FIGURES) -> str:
    """A number with so many significant figures; thousands are set apart, millions in exponent form."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}".removeprefix("-") if value == 0 else f"{value:g}"
    if abs(value) >= _LARGEST:
        return f"{value:.{figures - 1}e}"
    rounded = value if abs(value) >= 10**figures else float(f"{value:.{figures}g}")  # 999.9 is 1,000
    digits = max(0, figures - 1 - math.floor(math.log10(abs(rounded))))
    return f"{value:,.{digits}f}" if digits < 7 else f"{value:.{figures - 1}e}"


def beside(details: Mapping[str, float], n: int) -> str:
    """What stands beside a value over so many clips (`metric.DETAILS`): "against 64 clips; ..." or ""."""
    parts = []
    if "reference_n" in details:
        parts.append(f"against {details['reference_n']:.0f} clips")
    if "perfect" in details:
        parts.append(f"a perfect generator shows about {significant(details['perfect'])} at {n}")
    if "corrected" in details:
        parts.append(f"without its bias {significant(details['corrected'])}")
    return "; ".join(parts)


def unit_of(unit: str, size: float) -> tuple[str, float]:
    """The unit to show a size in, and how many stored units it has: (1.5, "s") stays, 0.2 s is ms."""
    steps = _UNITS.get(unit)
    if steps is None:
        return unit, 1.0
    rounded = abs(float(f"{size:.{_FIGURES}g}")) if math.isfinite(size) else size  # 999.9 kB is 1 MB
    if rounded == 0:
        return next((name, factor) for name, factor in steps if factor == 1.0)
    return next(((name, factor) for name, factor in steps if rounded >= factor), steps[-1])


def number(value: float | None, unit: str = "", figures: int = _FIGURES) -> str:
    """A value with its unit: `87.0 ms`, `1.50 GB`; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return NONE
    name, factor = unit_of(unit, abs(value))
    return f"{significant(value / factor, figures)} {name}".rstrip()


def interval(low: float | None, high: float | None, unit: str = "") -> str:
    """`80.0 to 95.0 ms`: an interval in one unit, that of its larger end; a dash where none is known."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return NONE
    name, factor = unit_of(unit, max(abs(low), abs(high)))
    return f"{significant(low / factor)} to {significant(high / factor)} {name}".rstrip()


def with_interval(found: Estimated, unit: str = "") -> str:
    """`87.0 ms (80.0 to 95.0)`; the value alone where no interval is known, or nothing varies."""
    value, low, high = found.value, found.low, found.high
    text = number(value, unit)
    if value is None or low is None or high is None or low == high:
        return text
    _, factor = unit_of(unit, abs(value))
    ends = [significant(end / factor) if math.isfinite(end) else "?" for end in (low, high)]
    return f"{text} ({ends[0]} to {ends[1]})"


def plus_minus(
    found: Estimated, factor: float = 1.0, bounds: tuple[float | None, float | None] = (None, None)
) -> str:
    """`1.91 ±.13`: a value in units of `factor` and the wider side of its interval, as precise as that is.

    A value at a bound of its metric is one itself: `>= 0.63` for 16 right of 16.
    """
    value, low, high = found.value, found.low, found.high
    if value is None:
        return NONE
    shown = value / factor
    if low is None or high is None:
        return significant(shown)
    if value == bounds[1] and low < value:
        return f">= {significant(low / factor, 2)}"
    if value == bounds[0] and high > value:
        return f"<= {significant(high / factor, 2)}"
    half = max(high - value, value - low) / factor
    if half >= _LARGEST or half < 1e-6:
        return f"{significant(shown)} ±{significant(half, 2)}"
    digits = min(max(0, 1 - math.floor(math.log10(half))), 6)
    return f"{_unsigned_zero(f'{shown:,.{digits}f}')} ±{_bare(f'{half:,.{digits}f}')}"


# --- scores and ranks -------------------------------------------------------------------------


def score_text(found: Estimated, *, signed: bool = False) -> str:
    """An axis score: `.82 ±.01`, `+.44 ±.11` where 0 is a reference, `>= .79` where it sits at an end.

    A score of 1.00 (or 0.00) is at the end of its scale: what is known is a bound, not a width. One whose
    interval goes on beyond 1 (or 0), as a total of which speed is a part, has no such end.
    """
    value, low, high = found.value, found.low, found.high
    if value is None:
        return NONE
    text = _short(value, signed)
    if low is None or high is None:
        return text
    if not signed and text in ("1.00", ".00") and low >= 0 and high <= 1:
        bound = _short(low if text == "1.00" else high, signed)
        if bound != text:
            return f">= {bound}" if text == "1.00" else f"<= {bound}"
    half = max(high - value, value - low)
    return f"{text} ±{_short(max(half, 0.01), False)}"  # a smaller half-width is rounded up


def rank_text(places: tuple[int, int] | None) -> str:
    """`rank 2`, or `rank 1-3` where the data cannot tell; nothing for no rank."""
    return "" if places is None else f"rank {place_text(places)}"


def place_text(places: tuple[int, int] | None) -> str:
    """`2`, or `1-3` where the data cannot tell; a dash for no rank."""
    if places is None:
        return NONE
    return f"{places[0]}" if places[0] == places[1] else f"{places[0]}-{places[1]}"


def _short(value: float, signed: bool) -> str:
    size = abs(value)
    text = (
        f"{size:.2f}" if size < (10 if signed else 1.005) else f"{size:.1f}" if size < 10 else f"{size:.0f}"
    )
    sign = "-" if value < 0 and float(f"{value:.2f}") != 0 else ("+" if signed else "")
    return sign + _bare(text)


def _bare(text: str) -> str:
    return text.removeprefix("0") if text.startswith("0.") else text


def _unsigned_zero(text: str) -> str:
    return text.removeprefix("-") if not text.strip("-0.,") else text


# --- changes, shares, chances -----------------------------------------------------------------


def relative(log_ratio: float, higher_is_better: bool | None) -> float:
    """What a log ratio that is oriented so that + is better means as a share: 1 s to 2 s is -1.0, -100%.

    A time that grew by 12% is -0.12, a rate that fell by 12% too.
    """
    sign = -1.0 if higher_is_better is False else 1.0
    return sign * math.expm1(sign * log_ratio)


def change_text(
    delta: float | None,
    ci: tuple[float, float] | None,
    *,
    ratio: bool = False,
    higher_is_better: bool | None = None,
    factor: float = 1.0,
) -> str:
    """A difference, + is better: `+0.021 ±0.034`, or `-12.0% ±4.0%` where ratios are compared.

    Args:
        delta, ci: the difference and its 95% interval, in stored units or as log ratios.
        factor: how many stored units the shown unit has.
    """
    if delta is None:
        return NONE
    if ratio:
        ends = [100 * relative(end, higher_is_better) for end in (delta, *(ci or (delta, delta)))]
        wide = max(abs(end - ends[0]) for end in ends)
        return f"{_zero_sign(f'{ends[0]:+,.1f}')}%" + (f" ±{wide:,.1f}%" if ci is not None else "")
    half = 0.0 if ci is None else max(ci[1] - delta, delta - ci[0]) / factor
    shown = delta / factor
    if half <= 0 or not math.isfinite(half):
        return _zero_sign(f"{'+' if shown >= 0 else ''}{significant(shown)}")
    digits = min(max(0, 1 - math.floor(math.log10(half))), 6)
    return f"{_zero_sign(f'{shown:+,.{digits}f}')} ±{half:,.{digits}f}"


def change_interval(
    low: float | None, high: float | None, *, ratio: bool, higher_is_better: bool | None
) -> str:
    """Both ends of a change: `-16.2% to -8.1%`."""
    if low is None or high is None:
        return NONE
    first, last = sorted((low, high))
    ends = [change_text(end, None, ratio=ratio, higher_is_better=higher_is_better) for end in (first, last)]
    return " to ".join(ends)


def margin_text(size: float | None, *, ratio: bool, unit: str = "") -> str:
    """How large a loss is still none: `5%` of a ratio, else a number with its unit."""
    if size is None:
        return NONE
    return f"{100 * math.expm1(size):.0f}%" if ratio else number(size, unit, 2)


def percent(share: float, digits: int = 0) -> str:
    """A share in percent: `82%`."""
    return f"{100 * share:.{digits}f}%"


def chance(probability: float) -> str:
    """A probability from draws, without a false 0 or 1; rounded down, so that no bound reads as reached."""
    if probability > 0.99:
        return "over 99%"
    return "under 1%" if probability < 0.01 else f"{math.floor(100 * probability + 1e-9)}%"


def certainty(probability: float) -> str:
    """How sure a statement is, as a word: sure (95%), likely (80%), else open."""
    return "sure" if probability >= _SURE else "likely" if probability >= _LIKELY else "open"


def times(ratio: float) -> str:
    """A factor as people say it: `15 times`, `2.3 times`."""
    return f"{ratio:.1f} times" if ratio < 10 else f"{significant(ratio, 2)} times"


def multiple(found: Estimated) -> str:
    """A ratio with its interval: `2.94x ±0.21`; a dash where none is known."""
    if found.value is None:
        return NONE
    if found.low is None or found.high is None or found.low == found.high:
        return f"{significant(found.value)}x"
    half = max(found.high - found.value, found.value - found.low)
    digits = min(max(0, 1 - math.floor(math.log10(half))), 2) if half > 0 else 2
    return f"{found.value:,.{digits}f}x ±{half:,.{digits}f}"


def _zero_sign(text: str) -> str:
    return f"+{text[1:]}" if text.startswith("-") and not text.strip("-0.,") else text


# --- counts and times -------------------------------------------------------------------------


def forecast(count: int) -> str:
    """A count that is a forecast: two figures."""
    return f"{count if count < 100 else round(count, 1 - int(math.log10(count))):,}"


MOST_FORECAST = 10_000  # of units that are still needed: more nobody makes


def about(count: int) -> str:
    """`about 240`: a forecast of units that are needed, as far as it says anything: `more than 10,000`."""
    return f"about {forecast(count)}" if count <= MOST_FORECAST else f"more than {MOST_FORECAST:,}"


def about_more(count: int, units: str) -> str:
    """`about 240 more prompts`, `about 1 more round`: what is still needed."""
    return f"{about(count)} more {units.removesuffix('s') if count == 1 else units}"


def plural(count: int, noun: str, plural_noun: str = "") -> str:
    """`1 clip`, `3 clips`."""
    return f"{count:,} {noun if count == 1 else plural_noun or noun + 's'}"


def listed(names: Sequence[str], joint: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {joint} {names[-1]}" if names else ""


def shorten(text: str, limit: int) -> str:
    """Cut text to `limit` characters; the cut shows."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def duration(seconds: float) -> str:
    """A time for people who wait: seconds, minutes, or hours and minutes."""
    whole = max(1, round(seconds))
    if whole < 100:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def day(iso: str) -> str:
    """A stored time (ISO 8601, UTC) as `28 Nov 09:03`; anything else stays as it is."""
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{at.day} {_MONTHS[at.month - 1]} {at:%H:%M}"


def moment(iso: str) -> str:
    """A stored time (ISO 8601, UTC) as `2025-11-28 09:03`; anything else stays as it is."""
    return iso[:16].replace("T", " ") if len(iso) >= 16 else iso
