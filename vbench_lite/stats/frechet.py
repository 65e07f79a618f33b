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

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vbench_lite.arrays import Matrix

_LEAST_DRAWS, _MOST_DRAWS, _WORK = 2, 64, 6e8  # of a perfect set; about so many products for all of them
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


def perfect_distance(reference: Matrix, lengths: Sequence[int], generated: Sequence[int]) -> float:
    """About what clips of the reference's own distribution show against it.

    Mean of simulated distances between normal samples as spread between and within clips as the reference is:
    frames of one clip are alike, so that they say less than as many rows of their own would. A sample's
    spectrum falls faster than the true one, which makes them too small; simulating a second time, from the
    spectrum of a simulated reference, shows by how much. Seeded.

    Args:
        reference: float64 (m, d), rows of a clip one after another.
        lengths, generated: rows of each clip of the reference, and of the generated set.
    """
    rng = np.random.default_rng(0)
    rows, dim = len(reference) + sum(generated), reference.shape[1]
    draws = max(_LEAST_DRAWS, min(_MOST_DRAWS, int(_WORK / ((rows + dim) * dim**2))))
    spread = _Spread.of(reference, lengths)
    first = second = 0.0
    for _ in range(draws):
        real = spread.draw(rng, lengths)
        first += distance(moments(spread.draw(rng, generated)), moments(real))
        drawn = _Spread.of(real, lengths)
        second += distance(moments(drawn.draw(rng, generated)), moments(drawn.draw(rng, lengths)))
    return first / draws * (first / second if second > 0 else 1.0)


@dataclass(frozen=True)
class _Spread:
    """How rows spread. between: factor of the covariance of clips' means. within: that of rows around them,
    None where every clip is one row. Both float64 (rank, d)."""

    between: Matrix
    within: Matrix | None

    @classmethod
    def of(cls, rows: Matrix, lengths: Sequence[int]) -> _Spread:
        means = _means(rows, lengths)
        free = len(rows) - len(lengths)
        if not free:
            return cls(moments(means).factor, None)
        apart = (rows - np.repeat(means, lengths, axis=0)) / np.sqrt(free)
        return cls(moments(means).factor, _reduced(apart) if len(apart) > apart.shape[1] else apart)

    def draw(self, rng: np.random.Generator, lengths: Sequence[int]) -> Matrix:
        """Rows of a normal distribution that spreads so, float64 (sum of lengths, d)."""
        means = rng.normal(size=(len(lengths), len(self.between))) @ self.between
        if self.within is None:
            return np.asarray(means)
        apart = rng.normal(size=(sum(lengths), len(self.within))) @ self.within
        apart += np.repeat(means - _means(apart, lengths), lengths, axis=0)
        return np.asarray(apart)


def _means(rows: Matrix, lengths: Sequence[int]) -> Matrix:
    """Mean of each clip's rows, float64 (clips, d)."""
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return np.asarray(np.add.reduceat(rows, starts, axis=0) / np.asarray(lengths)[:, None])
