"""What a benchmark returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        what: the thing measured, as a reader would ask for it.
        value: the median of the repetitions.
        low, high: least and greatest of them.
        unit: "s", "MB", "clips/s" ...
        target: what the project holds itself to, in words; "" where nothing is promised.
    """

    what: str
    value: float
    low: float
    high: float
    unit: str
    target: str = ""


def summarise(what: str, values: list[float], unit: str, target: str = "") -> Figure:
    """The figure of repeated measurements."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return Figure(what, median, ordered[0], ordered[-1], unit, target)
