"""A board: values with intervals, axes scaled by the controls, ranks as intervals."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from fabricated import CONTROLS, FAMILIES, default_world, fabricate

from vbench_lite.errors import StoreError
from vbench_lite.interop.vbench.dimensions import DIMENSIONS
from vbench_lite.metric import Axis
from vbench_lite.report.terminal.board import axis_footnotes
from vbench_lite.results.axes import AxisScore, difference, differences
from vbench_lite.results.board import build_board
from vbench_lite.results.conflicts import Interval, find_conflicts
from vbench_lite.store.schema import ScoreRecord
from vbench_lite.suite import load_suite

SCALED = (Axis.QUALITY, Axis.COHERENCE, Axis.ALIGNMENT, Axis.DIVERSITY)


def test_real_clips_are_the_ceiling_and_no_floor_is_above_them() -> None:
    board = build_board([fabricate()])
    axes = {row.arm.control: row.axes for row in board.controls}
    assert set(axes) == set(CONTROLS)
    for axis in SCALED:
        assert axes["real"][axis].value == 1.0
        values = [axes[name][axis].value for name in CONTROLS[1:]]
        assert all(value is not None and 0 <= value <= 1 for value in values)
    assert axes["frozen"][Axis.COHERENCE].value == 0.0  # the gate: it does not move
    assert axes["real"][Axis.SPEED].value is None


def test_every_value_has_n_and_an_interval_with_a_width() -> None:
    board = build_board([fabricate()]).as_dict()
    assert [row["generator"] for row in board["rows"]] == list(FAMILIES)
    for row in board["rows"]:
        assert row["family"] == FAMILIES[row["generator"]]
        for score in row["axes"].values():
            low, high = score["ci"]
            assert low < high and low <= score["value"] <= high and score["n"] > 0
        for metric, facts in row["metrics"].items():
            if metric == "frames/degenerate":
                assert facts["value"] is None and facts["reason"]
                continue
            assert facts["ci"][0] < facts["ci"][1] and facts["n"] > 0
    json.dumps(board, allow_nan=False)


def test_log_ratio_axes_are_oriented_so_that_more_is_better() -> None:
    board = build_board([fabricate()])
    speed = {row.arm.generator: row.axes[Axis.SPEED].value for row in board.rows}
    assert speed["reference/autoregressive"] > speed["reference/hybrid"] > 0  # type: ignore[operator]
    latency = board.rows[0].arm.estimates["speed/latency_s"]
    assert (latency.n, len(latency.calls)) == (5, 20)  # rounds; the first call of each is shown apart
    assert latency.first_call is not None


def test_two_copies_of_a_generator_share_their_ranks() -> None:
    world = default_world()
    mean = {metric: {**levels, "copy": levels["reference/hybrid"]} for metric, levels in world.mean.items()}
    copy = replace(world, mean=mean)
    rows = {row.arm.generator: row for row in build_board([fabricate(copy)]).rows}
    for axis in SCALED:
        assert rows["copy"].ranks[axis][0] <= rows["reference/hybrid"].ranks[axis][1]
        assert rows["reference/hybrid"].ranks[axis][0] <= rows["copy"].ranks[axis][1]


def test_less_than_full_coverage_is_shown_and_not_ranked() -> None:
    board = build_board([fabricate(failed={"reference/hybrid": 2})])
    hybrid = next(row for row in board.rows if row.arm.generator == "reference/hybrid")
    assert hybrid.arm.coverage == 14 / 16
    assert hybrid.as_dict()["samples"] == {"ok": 14, "planned": 16, "failures": {"failed: out of memory": 2}}
    assert hybrid.axes[Axis.QUALITY].value is not None
    assert hybrid.ranks == {}
    assert any("14 of 16" in note for note in board.notes)


def test_without_a_real_control_metrics_are_shown_and_axes_say_why_not() -> None:
    board = build_board([fabricate(controls=False)])
    quality = board.rows[0].axes[Axis.QUALITY]
    assert quality.value is None and "real control" in (quality.reason or "")
    assert board.rows[0].axes[Axis.SPEED].value is not None
    assert board.rows[0].as_dict()["metrics"]["frames/sharpness"]["value"] is not None
    assert board.trust == []


def test_a_missing_metric_gives_no_axis_score() -> None:
    run = fabricate()
    kept = [
        row if (row.metric, row.generator) != ("distribution/kvd_shapes", "reference/hybrid")
        else ScoreRecord(row.generator, row.suite, "set", row.metric, "not_applicable", reason="n too small")
        for row in run.score_rows
    ]  # fmt: skip
    board = build_board([replace(run, score_rows=kept)])
    hybrid = next(row for row in board.rows if row.arm.generator == "reference/hybrid")
    assert hybrid.axes[Axis.QUALITY].reason == "distribution/kvd_shapes is missing: n too small"
    assert board.rows[0].axes[Axis.QUALITY].value is not None


def test_a_metric_that_a_floor_wins_is_flagged() -> None:
    world = default_world()
    sharp = dict(world.mean["frames/sharpness"], noise=5.0)
    board = build_board([fabricate(replace(world, mean={**world.mean, "frames/sharpness": sharp}))])
    flag = next(flag for flag in board.trust if flag.metric == "frames/sharpness")
    assert (flag.kind, flag.control, flag.axes) == ("floor_beats_real", "noise", ("quality",))
    noise = next(row for row in board.controls if row.arm.control == "noise")
    assert (noise.axes[Axis.QUALITY].value or 0) < 1.0


@pytest.mark.parametrize(("share", "flagged"), [(0.005, False), (0.5, True)])
def test_an_advantage_that_no_axis_would_show_is_no_win_of_a_floor(share: float, flagged: bool) -> None:
    world = default_world()
    means = world.mean["frames/sharpness"]
    scale = means["real"] - min(means.values())
    level = dict(means, shuffled=means["real"] + share * scale)
    board = build_board(
        [fabricate(replace(world, mean={**world.mean, "frames/sharpness": level}, spread=0.0))]
    )
    assert ("frames/sharpness" in [flag.metric for flag in board.trust]) is flagged


def test_a_suite_may_name_the_floor_of_a_metric() -> None:
    run = fabricate()
    quality = run.document().suites[0]["axes"]["quality"]
    quality["metrics"] = {"distribution/kvd_shapes": 1.0}
    worst = {row.arm.generator: row.axes[Axis.QUALITY].value for row in build_board([run]).controls}
    assert worst["noise"] == 0 and worst["frozen"] is not None and worst["frozen"] > 0
    quality["floors"] = {"distribution/kvd_shapes": "frozen"}
    board = build_board([run])
    named = {row.arm.generator: row.axes[Axis.QUALITY].value for row in board.controls}
    assert named["frozen"] == named["noise"] == 0 and named["real"] == 1
    assert all(0 < (row.axes[Axis.QUALITY].value or 0) < 1 for row in board.rows)
    axes = board.as_dict()["rows"][0]["axes"]
    assert axes["quality"]["scale"] == {
        "dataset": "shapes", "controls": {"distribution/kvd_shapes": "frozen"},
    }  # fmt: skip
    assert axes["speed"]["scale"] is None


def test_published_ends_need_no_controls() -> None:
    run = fabricate(controls=False)
    axis = run.document().suites[0]["axes"]["coherence"]
    axis["metrics"] = {"vbench/temporal_flickering": 1.0}
    axis.pop("gate", None)
    axis.pop("floors", None)
    assert all(row.axes[Axis.COHERENCE].value is None for row in build_board([run]).rows)
    axis["ends"] = {"vbench/temporal_flickering": [0.6, 1.1]}
    board = build_board([run])
    for row in board.rows:
        score, value = row.axes[Axis.COHERENCE], row.arm.estimates["vbench/temporal_flickering"].whole
        assert score.value == pytest.approx(min(max((value - 0.6) / 0.5, 0), 1))
        assert score.low is not None and score.value is not None and score.high is not None
        assert score.low < score.value < score.high
        assert row.ranks[Axis.COHERENCE]
    told = board.as_dict()
    assert told["rows"][0]["axes"]["coherence"]["scale"]["controls"] == {
        "vbench/temporal_flickering": "published"
    }
    assert any(line.startswith("coherence: 0 and 1 as published") for line in axis_footnotes(board))


def test_the_ends_of_the_vbench_suite_are_those_that_vbench_publishes() -> None:
    axes = load_suite("vbench").axes
    ends = {metric: tuple(pair) for axis in axes.values() for metric, pair in axis.ends.items()}
    published = {one.metric: (one.lowest, one.highest) for one in DIMENSIONS}
    assert {m: e for m, e in ends.items() if m in published} == {
        m: published[m] for m in ends if m in published
    }
    assert {ends[m] for m in ends if m not in published} == {(0.0, 1.0)}  # shares of right answers
    weights = {one.metric: one.weight for one in DIMENSIONS if one.quality}
    del weights["vbench/motion_smoothness"]
    assert axes[Axis.QUALITY].metrics == weights


def test_a_gate_settles_what_frozen_clips_win() -> None:
    board = build_board([fabricate()])  # frozen clips flicker less than real ones
    assert not [flag for flag in board.trust if flag.metric == "vbench/temporal_flickering"]


def test_clips_too_few_to_part_real_ones_from_a_control_are_counted() -> None:
    """0.8 and 0.1 are far apart: it is two prompts that cannot tell."""
    (flag,) = [f for f in build_board([fabricate(prompts=2)]).trust if f.metric == "frames/sharpness"]
    assert flag.reason.startswith("2 clips cannot tell real clips (0.")


def test_several_gates_of_an_axis_multiply() -> None:
    def of_gate(*metrics: str) -> list[float]:
        run = fabricate()
        axis = run.document().suites[0]["axes"]["quality"]
        axis["gate"] = [{"metric": metric, "floor": 1.0} for metric in metrics]
        scores = [row.axes[Axis.QUALITY] for row in build_board([run]).rows]
        assert all(score.low is not None and score.low <= (score.value or 0.0) for score in scores)
        return [score.value or 0.0 for score in scores]

    first, second = "coherence/motion_amount", "frames/sharpness"
    for none, one, other, both in zip(
        of_gate(), of_gate(first), of_gate(second), of_gate(first, second), strict=True
    ):
        assert both / none == pytest.approx((one / none) * (other / none))
        assert both < min(one, other)


def test_five_seeds_a_prompt_count_as_clips_but_vary_by_prompt() -> None:
    row = build_board([fabricate(prompts=8, seeds=5)]).rows[0]
    measured = row.arm.estimates["frames/sharpness"]
    assert measured.n == 40
    assert len(measured.by_prompt) == 8


def test_many_prompts_fold_into_the_blocks_of_the_set_metrics() -> None:
    board = build_board([fabricate(prompts=64, failed={"reference/hybrid": 3})])
    for row in board.rows:
        assert row.axes[Axis.QUALITY].low is not None


def test_only_the_newest_row_of_a_generator_and_protocol_is_kept() -> None:
    runs = [fabricate(run_id="new"), fabricate(run_id="old"), fabricate(run_id="small", prompts=4)]
    board = build_board(runs)
    assert [row.arm.run_id for row in board.rows] == ["new"] * 3 + ["small"] * 3
    assert any("protocols" in note for note in board.notes)
    assert len(build_board(runs, every=True).rows) == 9


def test_speed_is_not_ranked_across_hardware_nor_quality_across_measurements() -> None:
    world = default_world()
    only = replace(world, mean={m: {k: v for k, v in levels.items() if k in CONTROLS or k.endswith("hybrid")}
                                for m, levels in world.mean.items()})  # fmt: skip
    other = replace(world, mean={m: {k: v for k, v in levels.items() if not k.endswith("hybrid")}
                                 for m, levels in world.mean.items()})  # fmt: skip
    board = build_board([
        fabricate(only, run_id="a", hardware="one", fingerprint="m1"),
        fabricate(other, run_id="b", hardware="two", fingerprint="m2"),
    ])  # fmt: skip
    assert all(Axis.SPEED not in row.ranks and Axis.QUALITY not in row.ranks for row in board.rows)
    assert any("different hardware" in note for note in board.notes)
    assert any("different ways" in note for note in board.notes)


def test_an_unknown_suite_names_the_known_ones() -> None:
    with pytest.raises(StoreError, match="quick"):
        build_board([fabricate()], suite="nope")
    with pytest.raises(StoreError, match="vbench-lite run"):
        build_board([])


def test_calls_timed_on_a_busy_machine_are_noted() -> None:
    run = fabricate()
    rows = [
        replace(row, contended=True)
        if row.generator == "reference/hybrid" and row.sample_id in ("base/0/1", "base/1/2")
        else row
        for row in run.score_rows
    ]
    notes = build_board([replace(run, score_rows=rows)]).notes
    assert [note for note in notes if "2 of 20 timed calls" in note and "hybrid" in note]
    assert len(notes) == 1
    busy = replace(run, score_rows=rows)
    both = build_board([busy, fabricate(run_id="b", prompts=8)], every=True).notes
    assert [note for note in both if note.startswith("reference/hybrid (") and "): another process" in note]


def test_scores_of_unverified_weights_say_so() -> None:
    run = fabricate()
    metric = "distribution/kvd_shapes"
    rows = [
        replace(row, fingerprint=f"{row.fingerprint};weights=k#0!unverified") if row.metric == metric else row
        for row in run.score_rows
    ]
    assert build_board([run]).notes == []
    assert (
        f"scores of {metric} were made with unverified weights"
        in build_board([replace(run, score_rows=rows)]).notes
    )


def test_distances_conflict_beyond_noise_only_where_both_keep_generators_apart() -> None:
    first: dict[str, Interval] = {"a": (1.0, 0.9, 1.1), "b": (2.0, 1.9, 2.1), "c": (2.5, None, None)}
    second: dict[str, Interval] = {"a": (5.0, 4.5, 5.5), "b": (3.0, 2.5, 3.5), "c": (2.0, 1.5, 2.4)}
    found = find_conflicts({"x": first, "y": second})
    assert [(c.generator, c.other_generator, c.firm) for c in found] == [
        ("a", "b", True),
        ("a", "c", False),
        ("b", "c", False),
    ]
    assert find_conflicts({"x": first, "y": first}) == []


def test_differences_of_all_pairs_are_those_of_each() -> None:
    rng = np.random.default_rng(0)
    scores = [
        AxisScore(0.5, 0.4, 0.6, 8, None, rng.normal(0.5, 0.01, 8), (0.02, 0.05)),
        AxisScore(0.7, 0.6, 0.8, 8, None, rng.normal(0.7, 0.01, 8), (0.0, 0.01)),
        AxisScore(0.6, 0.5, 0.7, 3, spare=(0.1, 0.2)),
        AxisScore(0.6, None, None, 3),
    ]
    found = differences(scores)
    assert found.value == pytest.approx([-0.2, -0.1, -0.1, 0.1, 0.1, 0.0])
    assert found.dof.tolist() == [7.0, *[math.inf] * 5]
    changes = scores[0].replicates - scores[1].replicates
    spread = math.sqrt(7 / 8 * float(((changes - changes.mean()) ** 2).sum()))
    t, z = 2.3646242515927853, 1.959963984540054
    assert found.se[0] == pytest.approx(math.hypot(spread, 0.05 / t, 0.0), rel=1e-12)
    assert found.se[1] == pytest.approx(math.hypot(0.05, 0.1) / z, rel=1e-12)
    assert found.se[3] == pytest.approx(math.hypot(0.0, 0.2) / z, rel=1e-12)
    assert np.isinf(found.se[[2, 4, 5]]).all()
    assert found.of(0) == difference(scores[0], scores[1])
