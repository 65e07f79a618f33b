"""A metric over runs: oldest first, with a break wherever the numbers may not be subtracted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fabricated import FakeRun, fabricate, store_run

from vbench_lite.cli.main import call
from vbench_lite.errors import StoreError
from vbench_lite.results.history import history

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


def test_values_of_other_prompts_are_no_continuation() -> None:
    """`compare` asks for nine in ten of the requests; a longer run asks another question."""
    runs = [_run(1), fabricate(run_id="r2", created="2026-01-02T00:00:00Z", prompts=32), _run(3)]
    found = history(runs, "frames/sharpness", generator=HYBRID)[HYBRID]
    assert [(point.n, point.break_) for point in found] == [(16, None), (32, "requests"), (16, "requests")]
    assert {point.break_ for point in history(runs, "speed/latency_s", generator=HYBRID)[HYBRID]} == {None}


def test_controls_have_no_history_and_unknown_metrics_are_refused() -> None:
    found = history([_run(1)], "frames/sharpness")
    assert "noise" not in found and len(found) == 3
    with pytest.raises(StoreError, match="no run has a value of nope/x"):
        history([_run(1)], "nope/x")


def test_the_verb_prints_a_table_a_generator_or_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for run in (_run(1), _run(2), _run(3, fingerprint="m2")):
        store_run(run, tmp_path)
    words = ["history", "frames/sharpness", "--root", str(tmp_path)]
    assert call(words) == 0
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if line.startswith("reference/")] == [
        "reference/latent-diffusion", "reference/autoregressive", HYBRID,
    ]  # fmt: skip
    last = shown.splitlines()[-1]
    assert last.startswith("2026-01-03 00:00") and last.endswith("r3   measurement")
    assert max(map(len, shown.splitlines())) <= 80
    assert call([*words, "r2", "r1", "-g", HYBRID, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [point["run"] for point in document["generators"][HYBRID]] == ["r1", "r2"]
    assert call(["history", "nope/x", "--root", str(tmp_path)]) == 2
    assert "no run has a value of nope/x" in capsys.readouterr().err
