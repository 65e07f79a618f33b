"""What would tell two totals apart is counted in what the doubt comes from."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fabricated import fabricate

from vbench_lite.advise.ranking import Weights, gap
from vbench_lite.metric import Axis
from vbench_lite.results.axes import AxisScore
from vbench_lite.results.board import build_board


@pytest.mark.parametrize(
    ("axis", "n", "units"),
    [(Axis.HORIZON, 12, "clips"), (Axis.SPEED, 3, "rounds"), (Axis.PREFERENCE, 40, "votes")],
)
def test_the_axis_that_is_least_known_says_what_to_add_to(axis: Axis, n: int, units: str) -> None:
    """Quality is known of 64 prompts, and to within a hundredth."""
    base = build_board([fabricate(prompts=64)]).rows[0]
    known = {
        value: AxisScore(value, value - 0.01, value + 0.01, 64, spare=(0.01, 0.01)) for value in (0.6, 0.5)
    }
    first, second = (
        replace(
            base,
            axes={
                Axis.QUALITY: known[value],
                axis: AxisScore(value, value - 0.4, value + 0.4, n, spare=(0.4, 0.4)),
            },
        )
        for value in (0.6, 0.5)
    )
    found = gap(first, second, Weights({Axis.QUALITY: 1.0, axis: 1.0}, 1.0))
    # Half of two half-widths of 0.4, and of two of 0.01: a standard error of 0.1444, of a lead of 0.1
    assert found.units == units
    assert found.more is not None and n + found.more == pytest.approx(
        (2.80 * 0.1444 / 0.1) ** 2 * n, rel=0.1, abs=2
    )
