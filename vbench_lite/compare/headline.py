"""What a comparison says first: how many metrics are worse, better, the same, open or not comparable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from vbench_lite.compare.judging import SPEED, MetricResult
from vbench_lite.format import about_more
from vbench_lite.stats.noninferiority import Verdict

WORDS = {
    Verdict.REGRESSED: "worse",
    Verdict.IMPROVED: "better",
    Verdict.PASS: "same",
    Verdict.INCONCLUSIVE: "open",
    Verdict.INCOMPARABLE: "not comparable",
}
PARTS = {"quality": "quality", "speed": "speed and memory"}


def side_text(side: Mapping[str, Any]) -> str:
    """One side of a comparison, for people: its generator, and its run by name or time."""
    return f"{side['generator']} · {side['called']}"


def counts(results: Sequence[MetricResult]) -> Counter[Verdict]:
    """Metrics by their verdict, descriptions left out."""
    return Counter(result.verdict for result in results if result.verdict is not None)


def counts_text(results: Sequence[MetricResult]) -> str:
    """`9 worse, 1 better, 2 same, 3 open`: the metrics by their verdict, those that count first."""
    found = counts(results)
    return ", ".join(f"{found[one]} {word}" for one, word in WORDS.items() if found[one]) or (
        "no metric has a verdict"
    )


def settling(result: MetricResult) -> str:
    """What would settle an inconclusive result that has a difference; empty for any other."""
    if result.verdict is not Verdict.INCONCLUSIVE or result.delta is None:
        return ""
    if result.more_units is not None:
        return f"{about_more(result.more_units, result.units)} would settle it"
    if result.part == SPEED:  # what differs between two runs no round of either shows
        return f"more {result.units} would not: time both in one pass (compare --remeasure)"
    return f"more {result.units} would not settle it"
