"""How much data a question needs, and how small an effect the data at hand can show.

The one-sided t test, with quantiles of t for those of the noncentral one (Cohen 1988; for non-inferiority
Julious 2004, Statistics in Medicine 23). For shares the score test: the spread at the bound counts for its
level, that of what was seen for its power.
"""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np

from vbench_lite.stats.bounded import score
from vbench_lite.stats.delta import BoundedDelta, Delta
from vbench_lite.stats.student import quantile

_NORMAL = 10**6  # units, from which on t is normal
_ROUNDING = 1e-9  # of a standard error: a distance that is none


def detectable_effect(se: float, dof: float, *, alpha: float = 0.025, power: float = 0.8) -> float:
    """The smallest true difference that a one-sided test at alpha finds with this power."""
    return se * (quantile(1 - alpha, dof) + quantile(power, dof))


def detectable_loss(
    delta: Delta, margin: float, least: float = 0.0, *, alpha: float = 0.025, power: float = 0.8
) -> float:
    """The smallest true loss that a verdict like this one would call REGRESSED with this power.

    It must be told from 0, must not pass as smaller than the margin, and must be seen to reach `least`.
    """
    found = detectable_effect(delta.scale, delta.dof, alpha=alpha, power=power)
    seen = delta.scale * quantile(power, delta.dof)
    passed = margin - delta.scale * quantile(1 - alpha, delta.dof)  # a smaller loss is shown to be small
    return max(found, passed + seen, least + seen if least else 0.0)


def sample_size(sd: float, effect: float, *, alpha: float = 0.025, power: float = 0.8) -> int:
    """Independent units (prompts) for a one-sided test at alpha to find a mean difference `effect`.

    Raises:
        ValueError: the effect is not positive.
    """
    if effect <= 0:
        raise ValueError(f"an effect to look for is positive, got {effect}")
    if sd == 0:
        return 2
    least = max(2, math.ceil(_needed(sd / effect, math.inf, alpha, power)))
    if least > _NORMAL:
        return least
    most = max(least, math.ceil(_needed(sd / effect, least - 1, alpha, power)))
    return least + bisect_left(
        range(least, most), True, key=lambda n: n >= _needed(sd / effect, n - 1, alpha, power)
    )


def _needed(spread: float, dof: float, alpha: float, power: float) -> float:
    """Units by the approximation with so many degrees of freedom; they fall as these grow."""
    return ((quantile(1 - alpha, dof) + quantile(power, dof)) * spread) ** 2


def units_to_settle(
    delta: Delta, margin: float, least: float = 0.0, *, alpha: float = 0.025, power: float = 0.8
) -> int | None:
    """How many more units would settle an inconclusive difference, if what was seen is the truth.

    Either way of settling it counts, and the one that takes fewer units decides: far enough above -margin; or
    far enough below 0, and seen to reach a loss of `least`. None where no number would do.
    """
    if delta.scale == 0:
        return None
    ways = [units_to_tell(delta, delta.value + margin, alpha, power)]
    lost = units_to_tell(delta.negated(), -delta.value, alpha, power)
    seen = units_to_tell(delta.negated(), -delta.value - least, 0.5, power) if least else lost
    if lost is not None and seen is not None:
        ways.append(max(lost, seen))
    fewest = min((units for units in ways if units is not None), default=None)
    return None if fewest is None else max(1, fewest - delta.n)


def units_to_find(delta: Delta, loss: float, alpha: float = 0.025, power: float = 0.8) -> int | None:
    """Units in all that would tell a true loss of this size from none; None if no number does.

    Where nothing was seen to differ, a loss would be a rare one of the whole range.
    """
    if delta.se == 0 and isinstance(delta, BoundedDelta):
        return sample_size(math.sqrt(loss * max(delta.high - loss, 0.0)), loss, alpha=alpha, power=power)
    return units_to_tell(delta, loss, alpha, power)


def units_to_tell(delta: Delta, distance: float, alpha: float = 0.025, power: float = 0.8) -> int | None:
    """Units in all that tell a difference like this one from a bound so far below; None if no number does."""
    if distance <= _ROUNDING * delta.scale:
        return None
    if isinstance(delta, BoundedDelta):  # judged by its spread at the bound, which moves by what was seen
        statistic = score(np.array(delta.units), delta.low, delta.high, np.array([delta.value - distance]))
        if statistic[0] == 0:
            return None
        at_bound, seen = math.sqrt(delta.n) * distance / float(statistic[0]), math.sqrt(delta.n) * delta.se
        spread = quantile(1 - alpha, math.inf) * at_bound + quantile(power, math.inf) * seen
        return max(2, math.ceil((spread / distance) ** 2))
    if delta.se == 0:
        return 0
    reach = detectable_effect(delta.lasting, delta.dof, alpha=alpha, power=power)
    if reach >= distance:
        return None
    shrinks, room = math.sqrt(max(delta.scale**2 - delta.lasting**2, 0.0)), math.sqrt(distance**2 - reach**2)
    if delta.dof < delta.n / 3:  # they are of clusters, as voters are: more units bring no more of them
        found = detectable_effect(shrinks, delta.dof, alpha=alpha, power=power)
        return max(2, math.ceil(delta.n * (found / room) ** 2))
    return sample_size(shrinks * math.sqrt(delta.n), room, alpha=alpha, power=power)
