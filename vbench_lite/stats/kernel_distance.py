"""Unbiased kernel distance (squared maximum mean discrepancy) between two sets of features.

Mean of k over pairs within each set, without the diagonal, minus twice the mean across. As an unbiased
estimate it lies around 0 for equal distributions and may be negative; it is not clipped.

Source: Gretton et al., A kernel two-sample test (JMLR 2012), equation 3; Bińkowski et al., Demystifying
MMD GANs (ICLR 2018), for the cubic kernel on features.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


def cubic_kernel(first: Matrix, second: Matrix) -> Matrix:
    """(x.y / d + 1)^3 for float64 (n, d) and (m, d): float64 (n, m)."""
    kernel: Matrix = (first @ second.T / first.shape[1] + 1.0) ** 3
    return kernel


class KernelDistance:
    """The distance of subsets of one set to a fixed second set; kernels are computed once."""

    def __init__(self, first: Matrix, second: Matrix) -> None:
        self._within = cubic_kernel(first, first)
        self._across = cubic_kernel(first, second).mean(axis=1)
        self._second = _off_diagonal_mean(cubic_kernel(second, second))

    def __call__(self, kept: Indices) -> float:
        """Return the distance of the rows `kept` of the first set, at least two of them."""
        within = _off_diagonal_mean(self._within[np.ix_(kept, kept)])
        return within + self._second - 2 * float(self._across[kept].mean())


def kernel_distance(first: Matrix, second: Matrix) -> float:
    """Return the unbiased distance of two sets, float64 (n, d) and (m, d), n and m at least 2."""
    return KernelDistance(first, second)(np.arange(len(first)))


def _off_diagonal_mean(kernel: Matrix) -> float:
    count = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))
