"""Where the names of points stand in a scatter, so that they do not run into one another.

Places are reckoned for a narrow picture: names that are apart in it are apart in a wider one too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vbench_lite.arrays import Floats

WIDTH_PX, HEIGHT_PX = 300.0, 270.0  # of the ground that is drawn on
_PADDING_PX = 24.0  # between the outermost points and the edge
_CHARACTER_PX, _LINE_PX = 6.6, 14.0  # of a bold name at 12 pixels
_MARK_PX = 7.0  # from a point's middle to the edge of its mark

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels


@dataclass(frozen=True)
class Spot:
    """A place for a name beside its point: which end of the text is there, and how far it is moved."""

    align: Literal["left", "right"]
    dx: int
    dy: int


# Above and below first, then a line further off.
SPOTS = tuple(
    Spot("left", 9, dy) if after else Spot("right", -9, dy)
    for lines in ((-11, 13), (-26, 28), (-41, 43))
    for after in (True, False)
    for dy in lines
)


def spots(x: Sequence[float], y: Sequence[float], names: Sequence[str]) -> list[Spot]:
    """A place for each name: the first that meets no mark and no name before it, else where least is met.

    Args:
        x, y: shares of the ground from its left and from its top, 0 to 1.
    """
    middles = [
        (share * WIDTH_PX, height * HEIGHT_PX)
        for share, height in zip(_padded(x, WIDTH_PX), _padded(y, HEIGHT_PX), strict=True)
    ]
    taken: list[Box] = [(a - _MARK_PX, b - _MARK_PX, a + _MARK_PX, b + _MARK_PX) for a, b in middles]
    found = []
    for middle, name in zip(middles, names, strict=True):
        best = min(SPOTS, key=lambda spot: _trouble(box(middle, name, spot), taken))
        taken.append(box(middle, name, best))
        found.append(best)
    return found


def box(middle: tuple[float, float], name: str, spot: Spot) -> Box:
    """The ground that a name covers."""
    length = len(name) * _CHARACTER_PX
    left = middle[0] + spot.dx - (length if spot.align == "right" else 0.0)
    line = middle[1] + spot.dy
    return (left, line - _LINE_PX / 2, left + length, line + _LINE_PX / 2)


def _trouble(place: Box, taken: Sequence[Box]) -> float:
    """Pixels of ground that a place shares with others; what hangs over the edge counts a little."""
    across = max(0.0, -place[0]) + max(0.0, place[2] - WIDTH_PX)
    along = max(0.0, -place[1]) + max(0.0, place[3] - HEIGHT_PX)
    return sum(_shared(place, other) for other in taken) + across + 10.0 * along


def _shared(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return width * height if width > 0 and height > 0 else 0.0


def _padded(shares: Sequence[float], length_px: float) -> Floats:
    edge = _PADDING_PX / length_px
    return edge + np.asarray(shares, np.float64) * (1 - 2 * edge)
