"""A metric over runs: oldest first, with a break wherever the numbers may not be subtracted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fabricated import SUITE, FakeRun, fabricate, store_run

from vbench_lite.cli.main import call
from vbench_lite.errors import StoreError
from vbench_lite.results.history import history
from vbench_lite.suite import read_suite

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


def test_a_suite_is_one_history_whatever_else_its_runs_hold() -> None:
    """A run of two suites goes on with the history of each, and two suites are not one history."""
    other = read_suite(SUITE).model_copy(update={"name": "other"})
    first, second = _run(1), _run(2)
    beside = fabricate(suite=other, run_id="r2", created=second.doc.created, noise_seed=7)
    both = replace(
        second,
        doc=replace(second.doc, suites=[*second.doc.suites, *beside.doc.suites]),
        sample_rows=[*second.sample_rows, *beside.sample_rows],
        score_rows=[*second.score_rows, *beside.score_rows],
    )
    found = history([first, both], "frames/sharpness", generator=HYBRID)
    assert {name: [point.run for point in points] for name, points in found.items()} == {
        f"{HYBRID} (quick)": ["r1", "r2"], f"{HYBRID} (other)": ["r2"],
    }  # fmt: skip
    assert [point.break_ for point in found[f"{HYBRID} (quick)"]] == [None, None]


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
    assert call(["history", "frames/sharpness", f"r1:{HYBRID}", f"r2:{HYBRID}", *words[2:], "--json"]) == 0
    generators = json.loads(capsys.readouterr().out)["generators"]
    assert {name: [point["run"] for point in points] for name, points in generators.items()} == {
        HYBRID: ["r1", "r2"]
    }
    assert max(map(len, shown.splitlines())) <= 80
    assert call([*words, "r2", "r1", "-g", HYBRID, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [point["run"] for point in document["generators"][HYBRID]] == ["r1", "r2"]
    assert call(["history", "nope/x", "--root", str(tmp_path)]) == 2
    assert "no run has a value of nope/x" in capsys.readouterr().err
