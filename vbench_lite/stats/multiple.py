"""Many tests at once: Holm's and Benjamini and Hochberg's adjusted p-values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Values = Sequence[float] | npt.NDArray[np.float64]


def holm(p_values: Values) -> list[float]:
    """Adjusted p-values that keep the chance of any false finding (Holm 1979, Scand. J. Statist. 6)."""
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    found: list[float] = adjusted.tolist()
    return found


def benjamini_hochberg(p_values: Values) -> list[float]:
    """Adjusted p-values that keep the share of false findings (Benjamini & Hochberg 1995, JRSS B 57)."""
    from scipy import stats  # slow to import

    p = _checked(p_values)
    return [float(value) for value in stats.false_discovery_control(p)] if len(p) else []


def _checked(p_values: Values) -> npt.NDArray[np.float64]:
    p = np.asarray(p_values, dtype=np.float64).reshape(-1)
    if np.any(~((p >= 0) & (p <= 1))):
        raise ValueError(f"p-values lie in [0, 1], got {p_values}")
    return p
