"""A sweep says what a setting gives and what it costs: planted gains and losses, equal clips, noise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fabricated import fabricate, store_run
from fabricated_sweep import fabricated
from opened import open_page
from rich.console import Console

from vbench_lite.compare.policy import load_policy
from vbench_lite.compare.sweep import sweep
from vbench_lite.compare.sweep_table import AxisChange, Kind, SweepTable
from vbench_lite.compare.tradeoff import classify
from vbench_lite.errors import StoreError
from vbench_lite.metric import Axis
from vbench_lite.report.charts.settings import sentence, stages, tables, verdicts
from vbench_lite.report.ci.github import sweep_commands
from vbench_lite.report.ci.sweep import sweep_markdown
from vbench_lite.report.html.settings import settings_section
from vbench_lite.report.terminal.sweep import sweep_text
from vbench_lite.stats.delta import Delta
from vbench_lite.stats.noninferiority import Verdict

FAST = {"speed/latency_s": 0.5, "speed/stage_denoise_s": 1 / 3}
BLURRED = {"frames/sharpness": 0.3, "distribution/kvd_shapes": 2.5}
SETTINGS = {
    "same": {},
    "slower": {"speed/latency_s": 1.5},
    "compiled": FAST,
    "half": FAST | {"reconstruction/psnr": 1.4, "reconstruction/lpips": 0.2},
    "blurred": FAST | BLURRED,
    "only-blurred": BLURRED | {"reconstruction/lpips": 5.0, "reconstruction/psnr": 0.5},
}


@pytest.fixture(scope="module")
def found() -> SweepTable:
    return sweep(fabricated(SETTINGS, equal=("base-again", "same", "slower", "compiled")))


def kinds(found: SweepTable) -> dict[str, Kind | None]:
    return {row.setting: row.kind for row in found.rows}


def test_each_setting_is_called_what_it_is(found: SweepTable) -> None:
    assert kinds(found) == {
        "same": Kind.UNCHANGED,
        "slower": Kind.UNCHANGED,
        "compiled": Kind.FREE,
        "half": Kind.FREE,
        "blurred": Kind.AVOID,
        "only-blurred": Kind.AVOID,
    }


def test_equal_clips_are_a_fact_and_cost_no_axis(found: SweepTable) -> None:
    same = found.rows[0]
    assert same.identical and same.verdict is Verdict.PASS
    assert {change.ci for change in same.axes.values()} == {(0.0, 0.0)}
    assert found.floors["again"].identical and not found.floors["seeds"].identical
    assert "same (byte-identical)" in sentence(found)
    assert "slower (byte-identical, and slower)" in sentence(found)


def test_a_speed_up_comes_with_its_interval_and_the_stage_that_it_is_from(found: SweepTable) -> None:
    half = found.rows[3]
    speedup = half.speed.inverse
    assert speedup.value == pytest.approx(2, rel=0.1)
    assert speedup.low is not None and speedup.high is not None and speedup.low < 2 < speedup.high
    assert half.stages["denoise"].inverse.value == pytest.approx(3, rel=0.1)
    assert half.stages["decode"].inverse.value == pytest.approx(1, rel=0.1)
    assert list(stages(found)["setting"]) == ["base", *SETTINGS]


def test_clips_are_placed_against_those_of_other_seeds(found: SweepTable) -> None:
    places = {row.setting: row.near.place for row in found.rows}
    assert places["half"] == "nearer" and places["only-blurred"] == "farther"
    assert places["same"] == "identical"


def test_a_loss_is_named_by_its_axis(found: SweepTable) -> None:
    blurred = found.rows[4]
    assert blurred.axes[Axis.QUALITY].verdict is Verdict.REGRESSED
    assert blurred.axes[Axis.ALIGNMENT].verdict is not Verdict.REGRESSED
    assert blurred.verdict is Verdict.REGRESSED and found.fails
    assert "avoid: blurred (2.0x as fast, quality -0." in sentence(found)


def test_a_small_loss_may_be_worth_its_gain() -> None:
    little = sweep(fabricated({"little": FAST | {"frames/sharpness": 0.7}}, prompts=48))
    assert little.rows[0].verdict is Verdict.REGRESSED
    assert kinds(little) == {"little": Kind.WORTH}


def test_only_a_loss_that_is_sure_is_too_much() -> None:
    """An axis of which the samples cannot tell makes a setting open, not one to avoid."""
    row = sweep(fabricated({"little": FAST | {"frames/sharpness": 0.7}}, prompts=48)).rows[0]
    policy = load_policy()

    def with_axis(change: AxisChange) -> Kind:
        return classify(replace(row, axes={**row.axes, Axis.ALIGNMENT: change}), policy)

    lost = Delta(-0.2, 0.15, 15.0, 16)
    assert with_axis(AxisChange(0.5, lost, Verdict.INCONCLUSIVE)) is Kind.OPEN
    assert with_axis(AxisChange(0.5, lost, Verdict.REGRESSED)) is Kind.AVOID
    assert with_axis(AxisChange(0.5, Delta(-0.02, 0.1, 15.0, 16), Verdict.INCONCLUSIVE)) is Kind.WORTH


def test_what_too_few_prompts_cannot_tell_is_open() -> None:
    few = sweep(fabricated({"half": FAST}, prompts=6))
    assert kinds(few) == {"half": Kind.OPEN}
    assert "may lose up to" in sentence(few)


def test_more_prompts_are_counted_in_prompts_whatever_their_seeds() -> None:
    few = sweep(fabricated({"half": FAST}, prompts=6, seeds=4, alike=False))
    open_ones = [change for change in few.rows[0].axes.values() if change.more_prompts is not None]
    assert open_ones and all(change.difference and change.difference.n == 6 for change in open_ones)


def test_a_setting_with_failed_samples_is_not_compared() -> None:
    run = fabricated({"half": FAST}, prompts=16)
    rows = list(run.sample_rows)
    place = next(i for i, row in enumerate(rows) if row.generator == "half")
    rows[place] = replace(rows[place], status="failed", clip_sha256=None)
    one = sweep(replace(run, sample_rows=rows))
    assert one.rows[0].verdict is Verdict.INCOMPARABLE
    assert "half: half made 15 of 16 samples" in one.notes


def test_a_suite_without_axes_judges_none_and_shows_no_empty_table() -> None:
    run = fabricated({"half": FAST}, prompts=6)
    bare = [{**suite, "axes": {}} for suite in run.doc.suites]
    found = sweep(replace(run, doc=replace(run.doc, suites=bare)))
    assert "what it costs on each axis" not in [title for title, _, _ in tables(found)]
    assert sentence(found) == "open: half (2.0x as fast, no axis is scored)"


def test_a_cache_that_never_hits_is_told() -> None:
    run = fabricated({"lazy": FAST, "idle": {}}, prompts=6)
    noted = {"lazy": 0.5, "idle": 0.0}
    rows = [
        replace(row, facts=json.dumps({"cache": "PAB", "cache_hit_share": noted[row.generator]}))
        if row.generator in noted
        else row
        for row in run.sample_rows
    ]
    notes = sweep(replace(run, sample_rows=rows)).notes
    assert "idle: its cache, PAB, never hits: nothing left out in 6 calls" in notes
    assert "lazy: its cache, PAB, left out 50% of the attentions" in notes


def test_a_run_that_is_no_sweep_is_refused() -> None:
    with pytest.raises(StoreError, match="is no sweep; make one with: vbench-lite sweep"):
        sweep(fabricate())


def test_every_face_has_every_setting_and_the_sentence(found: SweepTable) -> None:
    wide = Console(width=80, no_color=True, legacy_windows=False)
    with wide.capture() as captured:
        wide.print(sweep_text(found))
    printed = captured.get()
    assert max(map(len, printed.splitlines())) <= 80
    for text in (printed, sweep_markdown(found)):
        assert all(name in text for name in (*SETTINGS, "base-again", "base-seeds"))
    for line in verdicts(found):
        assert line in sweep_markdown(found).replace("\\", "")
        assert line.split()[0] in printed
    for _, frame, reading in tables(found):
        assert reading and not frame.isna().any(axis=None)


def test_the_report_and_the_dashboard_have_the_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = store_run(fabricated({"half": FAST}, prompts=8), tmp_path)
    app = open_page(tmp_path, "settings", monkeypatch)
    assert not app.exception
    page = "".join(settings_section(run, run.document(), "quick"))
    for title, frame, _ in tables(sweep(run)):
        assert title.capitalize() in [header.value for header in app.subheader]
        assert title.capitalize() in page.replace("&#39;", "'")
        assert any(shown.value.equals(frame) for shown in app.dataframe)
    assert list(settings_section(run, replace(run.document(), sweep=None), "quick")) == []


def test_a_job_page_has_an_error_for_each_setting_that_fails(found: SweepTable) -> None:
    lines = sweep_commands(found)
    assert [line for line in lines if line.startswith("::error")] == [
        "::error title=vbench-lite::setting blurred is REGRESSED: avoid",
        "::error title=vbench-lite::setting only-blurred is REGRESSED: avoid",
    ]


def test_json_has_the_promised_keys(found: SweepTable) -> None:
    document = found.as_dict()
    for row in [*document["rows"], *document["floors"].values()]:
        assert row.keys() >= {"setting", "identical", "speedup", "stages", "fidelity", "axes", "memory"}
        assert row["fidelity"].keys() >= {"psnr", "lpips"}
        assert row["speedup"].keys() >= {"value", "ci"} and row["memory"].keys() >= {"ratio", "ci"}
        assert all(change.keys() >= {"delta", "ci", "verdict"} for change in row["axes"].values())
