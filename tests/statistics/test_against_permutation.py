"""The p-values that comparisons go by, beside those of exact permutation tests on the same data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from vbench_lite.stats.delta import Delta
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.stats.kernel_distance import KernelDistance
from vbench_lite.stats.paired import paired_means, paired_replicates

Floats = npt.NDArray[np.float64]
PROMPTS, CLIPS = 12, 24


def two_sided(delta: Delta) -> float:
    """Of no difference."""
    return min(1.0, 2 * min(delta.p_below(0.0), delta.p_above(0.0)))


def sign_flips(values: Floats) -> float:
    """Two-sided p-value for differences being symmetric around 0, over all signs."""
    found = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=2**PROMPTS, vectorized=True
    )
    return float(found.pvalue)


def swapped_sides(statistic: Callable[[npt.NDArray[np.bool_]], float], draws: int, seed: int) -> float:
    """One-sided p-value for two sets of clips of the same prompts having one distribution.

    statistic: large where the sets differ; takes whether each pair of clips has changed sides.
    """
    rng = np.random.default_rng(seed)
    observed = statistic(np.zeros(CLIPS, dtype=np.bool_))
    return (sum(statistic(rng.random(CLIPS) < 0.5) >= observed for _ in range(draws)) + 1) / (draws + 1)


@pytest.mark.parametrize(
    ("draw", "apart"),
    [
        (lambda rng: rng.normal(size=PROMPTS), 0.01),
        (lambda rng: rng.standard_t(3, size=PROMPTS), 0.03),
        (lambda rng: rng.exponential(size=PROMPTS) - 1, 0.03),
    ],
    ids=["normal", "heavy tails", "skewed"],
)
def test_paired_differences_are_judged_as_by_sign_flips(
    draw: Callable[[np.random.Generator], Floats], apart: float
) -> None:
    """With twelve prompts, some differences being real: p-values agree, and so do decisions at 5%."""
    rng = np.random.default_rng(1)
    both = []
    for _ in range(200):
        values = draw(rng) + rng.choice([0.0, 0.4, 0.8])
        delta = paired_means([0.0] * PROMPTS, values.tolist(), range(PROMPTS))
        both.append((two_sided(delta), sign_flips(values)))
    ours, exact = np.array(both).T
    assert np.abs(ours - exact).mean() <= apart
    assert np.mean((ours < 0.05) != (exact < 0.05)) <= 0.06


def test_a_kernel_distance_is_never_said_to_differ_where_swapping_sides_would_not() -> None:
    """Two generators against one reference: the paired jackknife is on the safe side of the exact test.

    It is far on that side where both distances are near 0: the distance is then a degenerate statistic,
    of which the jackknife overstates the spread.
    """
    rng = np.random.default_rng(2)
    places = np.arange(CLIPS)
    claimed = 0
    for seed in range(40):
        prompts = rng.normal(size=(CLIPS, 4))
        one, other = (prompts + rng.normal(size=(CLIPS, 4)) for _ in range(2))
        other += rng.choice([0.0, 0.5, 1.5])
        of = KernelDistance(np.concatenate([one, other]), rng.normal(size=(64, 4)) * np.sqrt(2))

        def of_other(kept: npt.NDArray[np.int64], of: KernelDistance = of) -> float:
            return of(kept + CLIPS)

        def gap(swapped: npt.NDArray[np.bool_], of: KernelDistance = of) -> float:
            return abs(of(places + CLIPS * ~swapped) - of(places + CLIPS * swapped))

        first, second = jackknife(range(CLIPS), of), jackknife(range(CLIPS), of_other)
        delta = paired_replicates(
            first.value, second.value, np.array(first.replicates), np.array(second.replicates)
        )
        if two_sided(delta) < 0.05:
            claimed += 1
            assert swapped_sides(gap, 199, seed) < 0.1
    assert claimed >= 8  # of about 13 that are far apart
