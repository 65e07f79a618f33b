"""Unbiased kernel distance (squared maximum mean discrepancy) between two sets of features.

Mean of k over pairs within each set, without the diagonal, minus twice the mean across. As an unbiased
estimate it lies around 0 for equal distributions and may be negative; it is not clipped.

Source: Gretton et al., A kernel two-sample test (JMLR 2012), equation 3; Bińkowski et al., Demystifying
MMD GANs (ICLR 2018), for the cubic kernel on features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vbench_lite.arrays import Bools, Ints, Matrix
from vbench_lite.errors import NotApplicable

Kernel = Callable[[Matrix, Matrix], Matrix]
_CHANCE = 1e-6  # pairs are taken for such where chance would make them look so once in a million sets


def cubic_kernel(first: Matrix, second: Matrix) -> Matrix:
    """(x.y / d + 1)^3 for float64 (n, d) and (m, d): float64 (n, m)."""
    kernel: Matrix = (first @ second.T / first.shape[1] + 1.0) ** 3
    return kernel


def gaussian_kernel(first: Matrix, second: Matrix, sigma: float = 10.0) -> Matrix:
    """exp(-|x - y|^2 / (2 sigma^2)) for float64 (n, d) and (m, d): float64 (n, m).

    Source: Jayasumana et al., Rethinking FID: CMMD (CVPR 2024), section 4: sigma 10 on CLIP embeddings.
    """
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2 * first @ second.T
    kernel: Matrix = np.exp(-np.maximum(squares, 0.0) / (2 * sigma**2))
    return kernel


class KernelDistance:
    """The distance of subsets of one set to a fixed second set; kernels are computed once.

    The estimate is unbiased for pairs of independent rows only, so pairs that share a source are left out of
    every sum: within a set those of one name (seeds of a prompt, frames of a clip), across the sets those
    whose names are equal (a clip and its reconstruction). Without names, rows of equal places are taken for
    pairs where the data say that they are.

    Args:
        first, second: float64 (n, d) and (m, d).
        names, others: of their rows: what rows of one source have in common; None where each is its own.
    """

    def __init__(
        self,
        first: Matrix,
        second: Matrix,
        kernel: Kernel = cubic_kernel,
        names: Sequence[str] | None = None,
        others: Sequence[str] | None = None,
    ) -> None:
        mine = np.arange(len(first)) if names is None else np.array(names)
        its = np.arange(len(second)) if others is None else np.array(others)
        self._apart = mine[:, None] != mine
        self._within = kernel(first, first) * self._apart
        if names is not None and others is not None:
            free = mine[:, None] != its
        elif paired(first, second):
            free = ~np.eye(len(first), dtype=bool)
        else:
            free = np.ones((len(first), len(second)), dtype=bool)
        self._across = (kernel(first, second) * free).sum(axis=1)
        self._free = free.sum(axis=1)
        self._second = _mean(kernel(second, second), its[:, None] != its)

    def __call__(self, kept: Ints) -> float:
        """Return the distance of the rows `kept` of the first set, of at least two sources.

        Raises:
            NotApplicable: no two rows are independent.
        """
        rows = np.ix_(kept, kept)
        pairs, free = int(self._apart[rows].sum()), int(self._free[kept].sum())
        if pairs == 0 or free == 0:
            raise NotApplicable("n too small: all clips are of one prompt, or are pairs of one another")
        across = float(self._across[kept].sum()) / free
        return float(self._within[rows].sum()) / pairs + self._second - 2 * across


def paired(first: Matrix, second: Matrix) -> bool:
    """Whether rows of equal places belong together: they are nearest far more often than by chance."""
    from scipy import stats  # slow to import

    count = len(first)
    if count != len(second) or count < 3:
        return False
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2 * first @ second.T
    hits = int(np.sum(squares.argmin(axis=1) == np.arange(count)))
    return bool(stats.binom.sf(hits - 1, count, 1 / count) < _CHANCE)


def kernel_distance(first: Matrix, second: Matrix, kernel: Kernel = cubic_kernel) -> float:
    """Return the unbiased distance of two sets, float64 (n, d) and (m, d), n and m at least 2."""
    return KernelDistance(first, second, kernel)(np.arange(len(first)))


def _mean(kernel: Matrix, chosen: Bools) -> float:
    """Raises NotApplicable where nothing is chosen."""
    if not chosen.any():
        raise NotApplicable("n too small: all reference clips are of one source")
    return float((kernel * chosen).sum() / chosen.sum())
