"""Unbiased kernel distance (squared maximum mean discrepancy) between two sets of features.

Mean of k over pairs within each set, without the diagonal, minus twice the mean across. As an unbiased
estimate it lies around 0 for equal distributions and may be negative; it is not clipped.

Source: Gretton et al., A kernel two-sample test (JMLR 2012), equation 3; Bińkowski et al., Demystifying
MMD GANs (ICLR 2018), for the cubic kernel on features.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Kernel = Callable[[Matrix, Matrix], Matrix]


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
    """The distance of subsets of one set to a fixed second set; kernels are computed once."""

    def __init__(self, first: Matrix, second: Matrix, kernel: Kernel = cubic_kernel) -> None:
        self._within = kernel(first, first)
        self._across = kernel(first, second).mean(axis=1)
        self._second = _off_diagonal_mean(kernel(second, second))

    def __call__(self, kept: Indices) -> float:
        """Return the distance of the rows `kept` of the first set, at least two of them."""
        within = _off_diagonal_mean(self._within[np.ix_(kept, kept)])
        return within + self._second - 2 * float(self._across[kept].mean())


def kernel_distance(first: Matrix, second: Matrix, kernel: Kernel = cubic_kernel) -> float:
    """Return the unbiased distance of two sets, float64 (n, d) and (m, d), n and m at least 2."""
    return KernelDistance(first, second, kernel)(np.arange(len(first)))


def _off_diagonal_mean(kernel: Matrix) -> float:
    count = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))
