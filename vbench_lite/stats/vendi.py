"""Vendi score: the effective number of different things in a set.

exp of the entropy of the eigenvalues of K / n, where K holds similarities with ones on the diagonal. n equal
things give 1, n wholly different ones n. Source: Friedman & Dieng, The Vendi Score (TMLR 2023), definition
3.1.
"""

from __future__ import annotations

import numpy as np

from vbench_lite.arrays import Matrix


def vendi_score(similarity: Matrix) -> float:
    """The score of a symmetric, positive semi-definite matrix, float64 (n, n), with ones on its diagonal."""
    shares = np.linalg.eigvalsh(similarity / len(similarity))
    shares = shares[shares > 0]  # rounding leaves some a little below
    return float(np.exp(-(shares * np.log(shares)).sum()))


def cosine_similarity(features: Matrix) -> Matrix:
    """Cosines of all pairs of rows, float64 (n, n), of float64 (n, d)."""
    norms = np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    unit = features / norms
    similarity: Matrix = np.clip(unit @ unit.T, -1.0, 1.0)
    return similarity
