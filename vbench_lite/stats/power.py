"""How much data a question needs, and how small an effect the data at hand can show.

Normal approximation of the one-sided t test (Cohen 1988; Julious 2004, Statistics in Medicine 23, for
non-inferiority), with one step of correction for the t distribution.
"""

from __future__ import annotations

import math

from vbench_lite.stats.paired import Delta
from vbench_lite.stats.student import quantile


def detectable_effect(se: float, dof: float, *, alpha: float = 0.025, power: float = 0.8) -> float:
    """The smallest true difference that a one-sided test at alpha finds with this power."""
    return se * (quantile(1 - alpha, dof) + quantile(power, dof))


def sample_size(sd: float, effect: float, *, alpha: float = 0.025, power: float = 0.8) -> int:
    """Independent units (prompts) for a one-sided test at alpha to find a mean difference `effect`.

    Raises:
        ValueError: the effect is not positive.
    """
    if effect <= 0:
        raise ValueError(f"an effect to look for is positive, got {effect}")
    if sd == 0:
        return 2
    z = quantile(1 - alpha, math.inf) + quantile(power, math.inf)
    first = max(2, math.ceil((z * sd / effect) ** 2))
    t = quantile(1 - alpha, first) + quantile(power, first)
    return max(2, math.ceil((t * sd / effect) ** 2))


def units_to_settle(delta: Delta, margin: float, *, alpha: float = 0.025, power: float = 0.8) -> int | None:
    """How many more units would settle an inconclusive difference, if what was seen is the truth.

    Either way of settling it counts: far enough above -margin, or far enough below 0. Between the two
    the larger distance decides; None where that is 0, since no number would settle it.
    """
    distance = max(delta.value + margin, -delta.value)
    if distance <= 0 or (delta.se == 0 and delta.reach == 0):
        return None
    if delta.se == 0:  # nothing was seen to differ: the reach shrinks as 1 / n
        return max(1, math.ceil(delta.reach * delta.n / distance) - delta.n)
    return max(1, sample_size(delta.se * math.sqrt(delta.n), distance, alpha=alpha, power=power) - delta.n)
