"""Fréchet distance between Gaussians fitted to two sets of features.

|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), covariances with n - 1. The last term is the sum of the
singular values of Xc Yc^T / sqrt((n-1)(m-1)), Xc and Yc centred; with more samples than dimensions the
same number comes from a symmetric eigen-decomposition, which is quicker. No matrix square root is taken,
so nothing is complex and rank-deficient sets are exact.

Source: Dowson & Landau, The Fréchet distance between multivariate normal distributions (1982); Heusel et
al., GANs trained by a two time-scale update rule (NeurIPS 2017), for features.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


def frechet_distance(first: Matrix, second: Matrix) -> float:
    """Return the distance of two sets, float64 (n, d) and (m, d), n and m at least 2; never below 0."""
    mean = float(((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum())
    x, y = first - first.mean(axis=0), second - second.mean(axis=0)
    x, y = x / np.sqrt(len(x) - 1), y / np.sqrt(len(y) - 1)
    spread = float((x**2).sum() + (y**2).sum())
    return max(0.0, mean + spread - 2 * _trace_of_root(x, y))


def _trace_of_root(x: Matrix, y: Matrix) -> float:
    """tr((S1 S2)^(1/2)) for S1 = x^T x and S2 = y^T y."""
    if min(len(x), len(y)) < x.shape[1]:
        return float(np.linalg.svd(x @ y.T, compute_uv=False).sum())
    values, vectors = np.linalg.eigh(x.T @ x)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return float(np.sqrt(np.maximum(np.linalg.eigvalsh(root @ (y.T @ y) @ root), 0.0)).sum())


def expected_bias(n: int, m: int, dim: int, variance: float) -> float:
    """Distance that two equal isotropic Gaussians show on average: (1/n + 1/m)(d + d(d+1)/4) variance."""
    return (1 / n + 1 / m) * (dim + dim * (dim + 1) / 4) * variance
