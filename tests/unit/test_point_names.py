"""Names in a scatter: apart from one another, and towards the middle."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from vbench_lite.report.charts.label_placement import HEIGHT_PX, SPOTS, WIDTH_PX, Box, box, spots

NAMES = ("reference/latent-diffusion", "reference/autoregressive", "reference/hybrid")


def boxes(x: list[float], y: list[float], names: list[str]) -> list[Box]:
    middles = [(24 + a * (WIDTH_PX - 48), 24 + b * (HEIGHT_PX - 48)) for a, b in zip(x, y, strict=True)]
    return [box(m, n, s) for m, n, s in zip(middles, names, spots(x, y, names), strict=True)]


def meet(one: Box, other: Box) -> bool:
    return min(one[2], other[2]) > max(one[0], other[0]) and min(one[3], other[3]) > max(one[1], other[1])


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=3))
def test_three_long_names_never_meet(points: list[tuple[float, float]]) -> None:
    found = boxes([p[0] for p in points], [p[1] for p in points], list(NAMES))
    assert not any(meet(a, b) for a, b in combinations(found, 2))


def test_a_lone_name_stands_above_and_towards_the_middle() -> None:
    assert spots([0.0], [0.5], ["a name that is long"]) == [SPOTS[0]]
    assert spots([1.0], [0.5], ["a name that is long"])[0].align == "right"
    top = spots([0.0], [0.0], ["name"])[0]
    assert top.dy > 0 or 24 + top.dy >= 7  # within the ground
