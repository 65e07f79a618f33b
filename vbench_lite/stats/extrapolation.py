"""A biased distance at infinitely many clips, by a line through its values at growing n.

The bias of a Fréchet distance goes as 1/n to first order, so its value is fitted over 1/n and read off at 0.
Source: Chong & Forsyth, Effectively unbiased FID and inception score (CVPR 2020), section 4.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vbench_lite.arrays import Ints

SIZES = 10  # the fewest that may be fitted
ORDERS = 3  # random orders whose prefixes are the subsets; averaged at each size


def sizes(count: int, least: int, number: int = SIZES) -> list[int]:
    """Sizes between `least` and `count`, evenly spaced in 1/n, so that no end of the line outweighs."""
    inverse = np.linspace(1 / least, 1 / count, number)
    return [round(1 / value) for value in inverse]


def at_infinity(
    statistic: Callable[[Ints], float], kept: Ints, least: int, total: int, number: int = SIZES
) -> float:
    """The statistic at infinite n.

    Args:
        statistic: takes the indices of the items that are used.
        kept: the items there are; subsets are drawn from them without replacement.
        least: size of the smallest subset.
        total: items before any were left out. Orders are drawn over all of them, so that leaving a group out
            changes subsets by that group only.
    """
    present = np.zeros(total, bool)
    present[kept] = True
    points = sizes(len(kept), least, number)
    values = np.zeros(len(points))
    for order in range(ORDERS):
        shuffled = np.random.default_rng(order).permutation(total)
        ordered = shuffled[present[shuffled]]
        values += [statistic(np.sort(ordered[:size])) for size in points]
    design = np.stack([np.ones(len(points)), 1 / np.array(points, float)], axis=1)
    line, *_ = np.linalg.lstsq(design, values / ORDERS, rcond=None)
    return float(line[0])
