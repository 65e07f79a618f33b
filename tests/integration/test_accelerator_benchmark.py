"""The accelerator's benchmark tests itself on a processor: what it promises to be counts and not times."""

from __future__ import annotations

import pytest

from benchmarks import accelerator


@pytest.mark.slow
def test_what_it_holds_to_holds() -> None:
    found = {figure.what.partition(": ")[2]: figure.value for figure in accelerator.measure()}
    assert found["samples failed for want of memory, of 2 that ask too much"] == 2
    assert found["samples made in the same run, of the 4 others"] == 4
    assert found["two workers make the clips of one"] == 1
    assert "a first-block cache over none" in found
