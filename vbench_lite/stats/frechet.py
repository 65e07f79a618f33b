"""Fréchet distance between Gaussians fitted to two sets of features.

|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), covariances with n - 1. With Xc and Yc centred and divided by
the square roots of n - 1 and m - 1, the trace of the root is the sum of the singular values of Xc Yc^T. A
set of more than d items is first reduced to d rows, by Cholesky (QR where the covariance is singular), which
leaves these singular values as they are. They come from the eigenvalues of the symmetric product where that
is accurate, else from a singular value decomposition. No matrix square root is formed: nothing is complex,
and sets smaller than d are exact.

Source: Dowson & Landau, The Fréchet distance between multivariate normal distributions (1982); Heusel et
al., GANs trained by a two time-scale update rule (NeurIPS 2017), for features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
_DRAWS = 2
_CLEAR = 1e-7  # least over greatest squared singular value from which eigenvalues are exact to 1e-12


@dataclass(frozen=True)
class Moments:
    """What the distance needs of a set.

    Attributes:
        mean: float64 (d,).
        factor: float64 (at most d, d), factor^T factor is the covariance.
    """

    mean: Matrix
    factor: Matrix


def moments(features: Matrix) -> Moments:
    """Fit a Gaussian to features, float64 (n, d) with n at least 2."""
    mean: Matrix = features.mean(axis=0)
    centred = (features - mean) / np.sqrt(len(features) - 1)
    return Moments(mean, _reduced(centred) if len(features) > features.shape[1] else centred)


def distance(first: Moments, second: Moments) -> float:
    """Return the distance of two fitted Gaussians; never below 0."""
    mean = float(((first.mean - second.mean) ** 2).sum())
    spread = float((first.factor**2).sum() + (second.factor**2).sum())
    return max(0.0, mean + spread - 2 * nuclear_norm(first.factor @ second.factor.T))


def nuclear_norm(matrix: Matrix) -> float:
    """Sum of the singular values of a matrix, float64 (n, m)."""
    small = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    squares = np.linalg.eigvalsh(small @ small.T)
    if squares[0] > _CLEAR * squares[-1] > 0:  # squaring loses half the digits of small values
        return float(np.sqrt(squares).sum())
    return float(np.linalg.svd(small, compute_uv=False).sum())


def _reduced(centred: Matrix) -> Matrix:
    """A square factor of the same covariance."""
    try:
        return np.asarray(np.linalg.cholesky(centred.T @ centred).T, np.float64)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.qr(centred, mode="r"))


def frechet_distance(first: Matrix, second: Matrix) -> float:
    """Return the distance of two sets, float64 (n, d) and (m, d), n and m at least 2; never below 0."""
    return distance(moments(first), moments(second))


def perfect_distance(reference: Moments, n: int, m: int) -> float:
    """About what n rows of the reference's own distribution show against the m rows of it.

    Mean of simulated distances between normal samples with the covariance of the reference rows. A sample's
    spectrum falls faster than the true one, which makes them too small; simulating a second time, from the
    spectrum of a simulated reference, shows by how much. Seeded.
    """
    rng = np.random.default_rng(0)
    first = second = 0.0
    for _ in range(_DRAWS):
        drawn = moments(_normal(rng, m, reference.factor))
        first += distance(moments(_normal(rng, n, reference.factor)), drawn)
        second += distance(moments(_normal(rng, n, drawn.factor)), moments(_normal(rng, m, drawn.factor)))
    return first / _DRAWS * (first / second if second > 0 else 1.0)


def _normal(rng: np.random.Generator, count: int, factor: Matrix) -> Matrix:
    """Rows of a normal distribution with covariance factor^T factor, float64 (count, d)."""
    return np.asarray(rng.normal(size=(count, len(factor))) @ factor)
