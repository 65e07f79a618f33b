"""Krippendorff's alpha for nominal answers: agreement of raters beyond chance, with missing answers.

Source: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), University of Pennsylvania.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping


def alpha(units: Iterable[Mapping[Hashable, Hashable]] | Iterable[Mapping[str, str]]) -> float | None:
    """1 for perfect agreement, about 0 for random answers, below 0 for systematic disagreement.

    Args:
        units: what was rated; each is rater to answer. Units with one answer say nothing and are left out.

    Returns:
        None where no unit has two answers; 1.0 where every answer is the same.
    """
    totals: Counter[Hashable] = Counter()
    observed = 0.0
    for unit in units:
        answers = Counter(unit.values())
        count = answers.total()
        if count < 2:
            continue
        totals.update(answers)
        observed += sum(n * (count - n) for n in answers.values()) / (count - 1)
    every = totals.total()
    if every < 2:
        return None
    expected = sum(n * (every - n) for n in totals.values()) / (every - 1)
    return 1.0 if expected == 0 else 1 - observed / expected
