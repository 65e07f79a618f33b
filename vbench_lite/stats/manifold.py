"""Precision, recall, density and coverage: how two sets of features lie in each other's neighbourhoods.

A real point's ball reaches to its k-th nearest other real point; a point is inside if its distance is
strictly smaller. Precision: the share of generated points inside any real ball. Recall: the share of real
points inside any generated ball. Density: real balls around a generated point, on average, over k. Coverage:
the share of real balls that hold a generated point.

Sources: Kynkäänniemi et al., Improved precision and recall metric (NeurIPS 2019); Naeem et al., Reliable
fidelity and diversity metrics for generative models (ICML 2020), equations 4 to 6, and its code for k and <.
"""

from __future__ import annotations

import numpy as np

from vbench_lite.arrays import Ints, Matrix

K = 5


def distances(first: Matrix, second: Matrix) -> Matrix:
    """Euclidean distances, float64 (n, m), of float64 (n, d) and (m, d)."""
    from scipy.spatial.distance import cdist

    found: Matrix = cdist(first, second)
    return found


def radii(within: Matrix, k: int = K) -> Matrix:
    """Distance of each point to its k-th nearest other, float64 (n,), from its set's distances (n, n)."""
    reached: Matrix = np.partition(within, k, axis=1)[:, k]  # place 0 is the point itself
    return reached


class Neighbourhoods:
    """The four numbers for subsets of the generated set against a fixed real set; distances are taken once.

    Args:
        real: float64 (n, d), more than k. generated: float64 (m, d).
    """

    def __init__(self, real: Matrix, generated: Matrix, k: int = K) -> None:
        self.k = k
        self._across = distances(real, generated)
        self._inside = self._across < radii(distances(real, real), k)[:, None]
        self._generated = generated
        self._within: Matrix | None = None

    def precision(self, kept: Ints) -> float:
        """Share of the kept generated points inside any real ball."""
        return float(self._inside[:, kept].any(axis=0).mean())

    def recall(self, kept: Ints) -> float:
        """Share of real points inside any ball of the kept generated points, more than k of them."""
        if self._within is None:
            self._within = distances(self._generated, self._generated)
        reach = radii(self._within[np.ix_(kept, kept)], self.k)
        return float((self._across[:, kept] < reach).any(axis=1).mean())

    def density(self, kept: Ints) -> float:
        """Real balls around a kept generated point, on average, over k; 1 is usual for equal sets."""
        return float(self._inside[:, kept].sum(axis=0).mean() / self.k)

    def coverage(self, kept: Ints) -> float:
        """Share of real balls that hold a kept generated point."""
        return float(self._inside[:, kept].any(axis=1).mean())
