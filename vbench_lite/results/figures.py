"""Numbers as people read them: three figures, human units, one form of interval."""

from __future__ import annotations

import math

from vbench_lite.results.axes import AxisScore
from vbench_lite.results.estimates import Evidence

_BYTES = (("GiB", 2.0**30), ("MiB", 2.0**20), ("KiB", 2.0**10), ("B", 1.0))
ARROWS = {True: " ↑", False: " ↓", None: ""}  # behind a metric: which way is better


def significant(value: float, figures: int = 3) -> str:
    """A number with so many significant figures, never in exponent form below a million."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, figures - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:.{digits}f}" if digits < 7 else f"{value:.{figures - 1}e}"
    return text if abs(value) < 1e6 else f"{value:.{figures - 1}e}"


def unit_of(unit: str, size: float) -> tuple[str, float]:
    """The unit to show a size in, and how many stored units it has: (1.5, "s") stays, 0.2 s is ms."""
    if unit == "s" and 0 < size < 1:
        return "ms", 1e-3
    if unit == "bytes":
        return next(((name, factor) for name, factor in _BYTES if size >= factor), ("B", 1.0))
    return unit, 1.0


def metric_cell(evidence: Evidence, factor: float = 1.0) -> str:
    """`1.91 ±.13`: the value and the wider side of its 95% interval; `–` where there is no value."""
    if evidence.value is None:
        return "–"
    value = evidence.value / factor
    if evidence.low is None or evidence.high is None:
        return significant(value)
    half = max(evidence.high - evidence.value, evidence.value - evidence.low) / factor
    if half >= 1e6 or half < 1e-6:
        return f"{significant(value)} ±{significant(half, 2)}"
    digits = min(max(0, 1 - math.floor(math.log10(half))), 6)
    return f"{value:.{digits}f} ±{_bare(f'{half:.{digits}f}')}"


def _bare(text: str) -> str:
    return text.removeprefix("0") if text.startswith("0.") else text


def axis_cell(score: AxisScore, *, signed: bool = False) -> str:
    """`.82 ±.01`, or `+.44 ±.11` where 0 is a reference and not a floor."""
    if score.value is None:
        return "–"
    value = _short(score.value, signed)
    if score.low is None or score.high is None:
        return value
    half = max(score.high - score.value, score.value - score.low)
    return f"{value} ±{_short(max(half, 0.01), False)}"  # a smaller half-width is rounded up


def _short(value: float, signed: bool) -> str:
    size = abs(value)
    text = (
        f"{size:.2f}" if size < (10 if signed else 1.005) else f"{size:.1f}" if size < 10 else f"{size:.0f}"
    )
    text = text.removeprefix("0") if text.startswith("0.") else text
    sign = "-" if value < 0 and float(f"{value:.2f}") != 0 else ("+" if signed else "")
    return sign + text


def rank_cell(rank: tuple[int, int] | None) -> str:
    """`rank 2`, or `rank 1-3` where the data cannot tell."""
    if rank is None:
        return ""
    return f"rank {rank[0]}" if rank[0] == rank[1] else f"rank {rank[0]}-{rank[1]}"
