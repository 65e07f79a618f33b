"""How well scores reproduce judgements of pairs: accuracy without and with ties, soft pairwise accuracy.

Every function takes plain arrays and knows no clip. Sources: Deutsch, Foster & Freitag, Ties Matter (2023),
arXiv 2305.14324 (a threshold for ties that is fitted on other data); Thompson et al., Improving Statistical
Significance in Human Evaluation of Automatic Metrics via Soft Pairwise Accuracy (2024), arXiv 2409.09598.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from vbench_lite.arrays import Floats, Ints

FOLDS = 5
Pair = TypeVar("Pair", bound=Hashable)


def decided_right(leads: Floats, judged: Ints) -> tuple[Floats, Ints]:
    """Whether the better-scored item of a decided pair was preferred; equal scores are half right.

    Args:
        leads: float64 (n,), score of the first minus that of the second, + is better.
        judged: int64 (n,), 1 where the first was preferred, -1 the second, 0 a tie.

    Returns:
        float64 (m,) of 0, .5 or 1, and the places int64 (m,) of the decided pairs.
    """
    places = np.flatnonzero(judged != 0)
    return (np.sign(leads[places]) * judged[places] + 1) / 2, places


def tie_threshold(leads: Floats, judged: Ints) -> float:
    """The least threshold for predicting a tie that gets most judgements right."""
    sizes = np.abs(leads)
    tried = np.concatenate([[0.0], np.unique(sizes)])
    right = [np.mean(np.where(sizes <= eps, 0, np.sign(leads)) == judged) if eps else
             np.mean(np.sign(leads) == judged) for eps in tried]  # fmt: skip
    return float(tried[int(np.argmax(right))])


def right_with_ties(leads: Floats, judged: Ints, prompts: Sequence[Hashable]) -> Floats:
    """Whether better, worse or tied is predicted right, with the threshold fitted on other prompts.

    Args:
        prompts: of each pair; they are dealt into folds in the order in which they appear.

    Returns:
        float64 (n,) of 0 and 1.
    """
    order: dict[Hashable, int] = {}
    folds = np.array([order.setdefault(prompt, len(order)) % FOLDS for prompt in prompts])
    right = np.zeros(len(leads))
    for fold in np.unique(folds):
        here = folds == fold
        others = ~here if np.any(~here) else here
        eps = tie_threshold(leads[others], judged[others])
        said = np.where(np.abs(leads[here]) <= eps, 0, np.sign(leads[here])) if eps else np.sign(leads[here])
        right[here] = said == judged[here]
    return right


def soft_pairwise_accuracy(first: Mapping[Pair, float], second: Mapping[Pair, float]) -> float:
    """1 minus the mean difference of two certainties over pairs of systems.

    Args:
        first, second: P(the one of a pair is better), by pair, as judges and as the metric have it.
    """
    return 1 - float(np.mean([abs(first[pair] - second[pair]) for pair in first]))
