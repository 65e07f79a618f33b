"""Differences between two generators that answered the same requests.

Each function returns a `Delta`: the difference, its standard error and degrees of freedom, so that
one-sided tests and intervals come from the same numbers and cannot contradict each other.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from vbench_lite.errors import NotApplicable
from vbench_lite.stats.jackknife import MIN_GROUPS, standard_error
from vbench_lite.stats.student import cdf, quantile

Floats = npt.NDArray[np.float64]
RESAMPLES = 2000


@dataclass(frozen=True)
class Delta:
    """A difference with its uncertainty.

    Attributes:
        se: standard error; 0 where nothing varies.
        dof: degrees of freedom of Student's t.
        n: independent units behind it (prompts, or calls of the smaller arm).
        reach: half-width that holds at 95% where `se` is 0 though values could have varied.
    """

    value: float
    se: float
    dof: float
    n: int
    reach: float = 0.0

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Two-sided interval; a point where nothing varies."""
        half = max(quantile(0.5 + confidence / 2, self.dof) * self.se, self.reach)
        return self.value - half, self.value + half

    def p_below(self, bound: float) -> float:
        """One-sided p-value for "the difference is at least `bound`"; small says it is below."""
        return self._tail(self.value - bound)

    def p_above(self, bound: float) -> float:
        """One-sided p-value for "the difference is at most `bound`"; small says it is above."""
        return self._tail(bound - self.value)

    def _tail(self, distance: float) -> float:
        se = max(self.se, self.reach / quantile(0.975, self.dof))
        if se == 0:
            return 1.0 if distance > 0 else (0.0 if distance < 0 else 0.5)
        return cdf(distance / se, self.dof)


def paired_means(
    first: Sequence[float],
    second: Sequence[float],
    clusters: Sequence[Hashable],
    *,
    width: float | None = None,
) -> Delta:
    """Second minus first, over pairs that cluster by prompt: Student's t on each prompt's mean difference.

    Args:
        first, second: values of the two, pair by pair.
        clusters: the prompt of each pair.
        width: of a closed range that values lie in. Where each side has one and the same value
            throughout, equal to the other's or on the opposite bound, no prompt spoke against it
            in G; the reach is then the width times 1 - 0.025^(1/G), as for 0 events in G trials
            (Clopper & Pearson 1934).

    Raises:
        NotApplicable: fewer than two prompts.
    """
    differences = np.asarray(second, dtype=np.float64) - np.asarray(first, dtype=np.float64)
    members: dict[Hashable, list[float]] = {}
    for value, cluster in zip(differences.tolist(), clusters, strict=True):
        members.setdefault(cluster, []).append(value)
    means = np.array([math.fsum(values) / len(values) for values in members.values()])
    count = len(means)
    if count < 2:
        raise NotApplicable(f"a paired difference needs two prompts, there are {count}")
    se = float(means.std(ddof=1)) / math.sqrt(count)
    reach = 0.0
    constant = len(set(first)) == len(set(second)) == 1
    if se == 0 and constant and width is not None and abs(differences[0]) in (0.0, width):
        reach = width * (1 - 0.025 ** (1 / count))
    return Delta(float(means.mean()), se, count - 1.0, count, reach)


def paired_replicates(first: float, second: float, first_out: Floats, second_out: Floats) -> Delta:
    """Second minus first of a statistic of sets, from jackknife replicates over the same prompt groups.

    Raises:
        NotApplicable: too few groups, or the replicates are not of the same groups.
    """
    if len(first_out) != len(second_out):
        raise NotApplicable(f"{len(first_out)} and {len(second_out)} replicates cannot be paired")
    if len(first_out) < MIN_GROUPS:
        raise NotApplicable(f"a paired jackknife needs {MIN_GROUPS} prompts, there are {len(first_out)}")
    se = standard_error(second_out - first_out)
    return Delta(second - first, se, len(first_out) - 1.0, len(first_out))


def log_ratio(first: Sequence[float], second: Sequence[float], *, seed: int = 0) -> Delta:
    """Log of the ratio of typical values, second to first, of positive numbers measured apart (call times).

    The typical value is the interquartile mean of logs: as deaf to stray slow calls as the median,
    with a narrower and, for eight calls, truer interval. Its standard error is that of a bootstrap
    within each arm (Efron & Tibshirani 1993, chapter 6), stretched by sqrt(n / (n - 1)).

    Raises:
        NotApplicable: an arm has fewer than two values, or one that is not positive.
    """
    arms = [np.asarray(values, dtype=np.float64) for values in (first, second)]
    if min(map(len, arms)) < 2:
        raise NotApplicable(
            f"a ratio of times needs two calls of each, there are {len(first)} and {len(second)}"
        )
    if min(float(arm.min()) for arm in arms) <= 0:
        raise NotApplicable("a ratio needs positive values")
    rng = np.random.default_rng(seed)
    logs = [np.log(arm) for arm in arms]
    variance = 0.0
    for arm in logs:
        draws = _interquartile_mean(arm[rng.integers(0, len(arm), size=(RESAMPLES, len(arm)))])
        variance += float(draws.var()) * len(arm) / (len(arm) - 1)
    value = float(_interquartile_mean(logs[1]) - _interquartile_mean(logs[0]))
    return Delta(value, math.sqrt(variance), math.inf, min(map(len, arms)))


def _interquartile_mean(values: Floats) -> Floats:
    """Mean of the middle half along the last axis."""
    count = values.shape[-1]
    ordered = np.sort(values, axis=-1)[..., count // 4 : count - count // 4]
    return np.asarray(ordered.mean(axis=-1))


def mcnemar(first: Mapping[Any, bool], second: Mapping[Any, bool]) -> float:
    """Exact one-sided p-value for "second fails no more often than first", over the keys of both."""
    lost = sum(first[key] and not second[key] for key in first.keys() & second.keys())
    gained = sum(second[key] and not first[key] for key in first.keys() & second.keys())
    return float(stats.binom.sf(lost - 1, lost + gained, 0.5)) if lost + gained else 1.0
