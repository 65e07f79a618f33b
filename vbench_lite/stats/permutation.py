"""Permutation tests: exact under the null whatever the distribution, and for any statistic.

p-values count the observed arrangement (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9), so
that they are never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
import numpy.typing as npt

from vbench_lite.errors import NotApplicable

Swapped = npt.NDArray[np.bool_]
MOST_PATTERNS = 20_000


def sign_flip_test(differences: Sequence[float], *, draws: int = MOST_PATTERNS, seed: int = 0) -> float:
    """Two-sided p-value for paired differences (one a prompt) being symmetric around 0.

    All 2^n sign patterns where they are no more than `draws`, else a seeded sample.

    Raises:
        NotApplicable: there are no differences.
    """
    values = np.asarray(differences, dtype=np.float64)
    count = len(values)
    if count == 0:
        raise NotApplicable("there are no differences")
    observed = abs(float(values.sum())) * (1 - 1e-12)
    if count < 60 and 2**count <= draws:
        patterns = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
        return float(np.mean(np.abs((1 - 2 * patterns) @ values) >= observed))
    rng = np.random.default_rng(seed)
    sums = np.abs(rng.choice([-1.0, 1.0], size=(draws, count)) @ values)
    return float((np.sum(sums >= observed) + 1) / (draws + 1))


def label_swap_test(
    prompts: Sequence[Hashable],
    statistic: Callable[[Swapped], float],
    *,
    draws: int = 999,
    seed: int = 0,
) -> float:
    """One-sided p-value for two sets of clips of the same prompts having one distribution.

    Under the null it does not matter which of the two generators made which clip of a prompt; all
    clips of a prompt change sides together, because they depend on one another.

    Args:
        prompts: the prompt of each pair of clips.
        statistic: large where the sets differ; takes bool (pairs,): whether a pair has changed sides.
    """
    names = sorted(set(prompts), key=str)
    place = {name: index for index, name in enumerate(names)}
    member = np.array([place[prompt] for prompt in prompts], dtype=np.int64)
    observed = statistic(np.zeros(len(prompts), dtype=np.bool_))
    rng = np.random.default_rng(seed)
    extreme = sum(statistic((rng.random(len(names)) < 0.5)[member]) >= observed for _ in range(draws))
    return (extreme + 1) / (draws + 1)
