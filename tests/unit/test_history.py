"""A metric over runs: oldest first, with a break wherever the numbers may not be subtracted."""

from __future__ import annotations

import pytest
from fabricated import FakeRun, fabricate

from vbench_lite.errors import StoreError
from vbench_lite.report.history import history

HYBRID = "reference/hybrid"


def _run(day: int, **options: str) -> FakeRun:
    return fabricate(run_id=f"r{day}", created=f"2026-01-0{day}T00:00:00Z", noise_seed=day, **options)  # type: ignore[arg-type]


def test_points_are_oldest_first_and_breaks_are_named() -> None:
    runs = [_run(3, fingerprint="m2"), _run(1), _run(2), _run(4, fingerprint="m2", hardware="other")]
    quality = history(runs, "frames/sharpness", generator=HYBRID)
    assert list(quality) == [HYBRID]
    assert [point.run for point in quality[HYBRID]] == ["r1", "r2", "r3", "r4"]
    assert [point.break_ for point in quality[HYBRID]] == [None, None, "measurement", None]
    speed = history(runs, "speed/latency_s", generator=HYBRID)[HYBRID]
    assert [point.break_ for point in speed] == [None, None, "measurement", "hardware"]
    assert speed[0].as_dict()["break"] is None


def test_controls_have_no_history_and_unknown_metrics_are_refused() -> None:
    found = history([_run(1)], "frames/sharpness")
    assert "noise" not in found and len(found) == 3
    with pytest.raises(StoreError, match="no run has a value of nope/x"):
        history([_run(1)], "nope/x")
