"""Panels of one board: ranks, filters, trade-offs, the advisor's answer, what is to be trusted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from fabricate import GENERATORS, make_audit
from fabricated import fabricate

from vbench_lite.advise import advise, parse_requirement
from vbench_lite.dashboard import data
from vbench_lite.metric import Axis
from vbench_lite.report.charts import (
    advice,
    audits,
    boards,
    pairs,
    trust,
)
from vbench_lite.results.board import build_board
from vbench_lite.sensitivity.judge import Seen
from vbench_lite.store.rundir import RunDir

# --- boards ---------------------------------------------------------------------------------------


def test_ranks_are_intervals_and_need_full_coverage(board: boards.BoardTable) -> None:
    table = boards.axis_table(board).set_index("generator")
    assert table.loc["reference/autoregressive", "speed rank"] == "–"
    assert set(table["coherence rank"]) <= {"1", "2", "1-2", "–"}


def test_controls_are_in_a_table_of_their_own(board: boards.BoardTable) -> None:
    assert list(boards.axis_table(board, controls=True)["generator"]) == [
        "real",
        "frozen",
        "noise",
        "shuffled",
    ]
    assert "speed" not in boards.axis_table(board, controls=True)


def test_rows_go_by_family_or_by_an_axis_best_first(board: boards.BoardTable) -> None:
    table = boards.axis_table(board)
    assert list(boards.ordered(table, None)["generator"]) == list(table["generator"])
    assert boards.ordered(table, "family")["family"].is_monotonic_increasing
    assert boards.ordered(table, "quality")["quality"].is_monotonic_decreasing


def test_filters_admit_what_generators_declare_and_need(root: Path, board: boards.BoardTable) -> None:
    told = data.facts(RunDir(root, "b" * 16).document())
    everyone = data.Filters().passing(board, told)
    assert everyone == list(GENERATORS)
    assert data.Filters(families=("hybrid",)).passing(board, told) == ["reference/hybrid"]
    assert data.Filters(streaming=("none",)).passing(board, told) == ["reference/latent-diffusion"]
    assert data.Filters(tasks=("t2v",), licenses=("Apache-2.0",)).passing(board, told) == everyone
    assert data.Filters(tasks=("t2v", "v2v")).passing(board, told) == []
    peaks = board.of(data.PEAK, everyone).set_index("generator")["value"]
    small = data.Filters(most_bytes=float(peaks["reference/autoregressive"])).passing(board, told)
    assert small == ["reference/autoregressive"]  # the least of the three
    assert data.Filters(most_bytes=1e12).passing(board, {}) == everyone


def test_an_answer_lays_out_totals_limits_and_what_decided(root: Path) -> None:
    found = advise(
        [RunDir(root, "a" * 16)],
        suite="quick",
        weights={Axis.SPEED: 3.0, Axis.QUALITY: 1.0},
        require=[parse_requirement("speed/latency_s <= 1 s")],
    )
    shown = advice.answer(found)
    assert shown.weights["speed"] == 3.0
    assert set(shown.shortlist["generator"]) == set(GENERATORS)
    assert "reference/latent-diffusion" not in set(shown.totals["generator"])  # 1.3 s
    assert (shown.totals["low"] <= shown.totals["value"]).all()
    out = shown.shortlist.set_index("generator").loc["reference/latent-diffusion"]
    assert out["not ranked because"] == "does not meet speed/latency_s <= 1 s"
    totals = shown.totals.set_index("generator")["value"]
    first, second = shown.decided[["leader", "next"]].iloc[0]
    assert shown.decided["part"].sum() == pytest.approx(totals[first] - totals[second])


def test_metrics_of_an_axis_are_those_that_weigh_or_declare_it(board: boards.BoardTable) -> None:
    table = boards.metric_table(board, "quality", {"distribution/frechet_shapes": "quality"})
    assert set(table["metric"]) == {
        "distribution/kvd_shapes",
        "frames/sharpness",
        "distribution/frechet_shapes",
    }
    weights = dict(zip(table["metric"], table["weight"], strict=True))
    assert weights["distribution/kvd_shapes"] == "2"
    assert weights["distribution/frechet_shapes"] == "0"


# --- trade-offs -----------------------------------------------------------------------------------


def test_the_front_follows_directions_and_leaves_partial_generators_out(root: Path) -> None:
    whole = boards.table(build_board([RunDir(root, "a" * 16)], suite="quick").as_dict())
    several, alone = (
        pairs.pair(whole, x, y) for x, y in (("speed/latency_s", "quality"), ("quality", "diversity"))
    )
    assert several.reading().startswith("The dashed line is the Pareto front")
    assert alone.reading().startswith("One generator alone, without a line, is the Pareto front")
    found = pairs.pair(whole, "speed/latency_s", "quality").points.set_index("generator")["front"]
    assert found.to_dict() == {  # faster is worse in these runs, so all are on the front
        "reference/latent-diffusion": True,
        "reference/autoregressive": True,
        "reference/hybrid": True,
    }
    found = pairs.pair(whole, "quality", "diversity").points.set_index("generator")["front"]
    assert found.to_dict() == {
        "reference/latent-diffusion": True,
        "reference/autoregressive": False,
        "reference/hybrid": False,
    }
    partial = boards.table(build_board([RunDir(root, "b" * 16)], suite="quick").as_dict())
    found = pairs.pair(partial, "speed/latency_s", "quality").points.set_index("generator")["front"]
    assert not found["reference/autoregressive"]


def test_a_logarithmic_side_leaves_out_what_it_cannot_show(board: boards.BoardTable) -> None:
    found = pairs.pair(board, "speed", "quality", log_x=True)
    assert [name for name, _ in found.left_out] == ["reference/latent-diffusion"]
    assert "logarithmic" in found.left_out[0][1]
    assert (found.points["x"] > 0).all()


def test_lines_of_equal_speed_lie_where_the_data_are(board: boards.BoardTable) -> None:
    clips = pairs.Pace(seconds=2.0, fps=8.0)
    near = pairs.pair(board, "speed/latency_s", "quality", clips=clips).x.lines
    assert near == ((2.0, "real time"), (1.0, "2× real time"))  # latencies of 0.6 to 1.3 s
    assert pairs.pair(board, "speed/latency_s", "quality").x.lines == ()
    assert pairs.pair(board, "memory/peak_bytes", "quality", clips=clips).x.lines == ()
    far = pairs.Pace(seconds=200.0, fps=8.0)
    assert "real time" not in [
        m for _, m in pairs.pair(board, "speed/latency_s", "quality", clips=far).x.lines
    ]


def test_real_time_means_the_same_for_every_measure_of_speed() -> None:
    clips = pairs.Pace(seconds=2.0, fps=8.0)  # 16 frames made in 0.5 s: 4 times real time
    assert [clips.at(f"speed/{m}", 4.0) for m in ("latency_s", "frames_per_s", "real_time_factor")] == [
        0.5,
        32.0,
        4.0,
    ]
    wide = pd.Series([0.001, 1000.0])
    assert len(pairs.real_time_lines("speed/real_time_factor", wide, clips)) <= 5


def test_one_label_of_two_runs_is_two_generators() -> None:
    built = build_board([fabricate(run_id="a"), fabricate(run_id="b", prompts=8)], every=True)
    apart = boards.titled(boards.table(built.as_dict()), built.rows)
    names = list(boards.axis_rows(apart, "quality")["generator"])
    assert len(names) == len(set(names)) == 6
    assert {"hybrid · 16 samples", "hybrid · 8 samples"} <= set(names)
    assert len(boards.axis_wide(boards.axis_lines(apart))) == 6
    one = build_board([fabricate(run_id="a")])
    told = boards.titled(boards.table(one.as_dict()), one.rows)
    assert set(boards.axis_rows(told, "quality")["generator"]) == {row.arm.generator for row in one.rows}


# --- trust ------------------------------------------------------------------------------------------


def test_trust_lists_every_metric_of_the_controls(board: boards.BoardTable) -> None:
    table = trust.table(board).set_index("metric")
    assert {"real", "frozen", "noise", "shuffled"} <= set(table.columns)
    assert table.loc["alignment/shapes_shape", "verdict"] == "fine"
    assert trust.conflicts(board).empty


def test_an_audit_shows_the_gravest_verdicts_first_and_signs_by_damage(tmp_path: Path) -> None:
    result = make_audit(tmp_path)
    assert audits.titles([result]) == {"c" * 16: "shapes, 8 clips, 2026-03-03 10:00 UTC (cccccccc)"}
    assert list(audits.verdicts(result)["verdict"]) == ["fooled", "sound"]
    cells = audits.cells(result)
    assert dict(zip(cells["metric"], cells["sign"], strict=True))["frames/sharpness"] == "✗*"
    mine = cells[cells["metric"] == "alignment/shapes_shape"]
    assert mine[["effect", "low", "high"]].to_numpy().tolist() == [[-2.0, -2.1, -1.9]]
    assert audits.grid(audits.cells(result)).to_dict("list") == {
        "metric": ["alignment/shapes_shape", "frames/sharpness"],
        "blur": ["✓*", "✗*"],
    }


def test_every_outcome_of_an_audit_has_a_sign_of_its_own() -> None:
    assert set(audits.SIGNS) == set(map(str, Seen))
    assert len(set(audits.SIGNS.values())) == len(audits.SIGNS)


def test_distances_that_disagree_are_named_with_how_firm_that_is(root: Path) -> None:
    told = build_board([RunDir(root, "a" * 16)], suite="quick").as_dict()
    two = {"distance": "distribution/frechet_shapes", "other_distance": "distribution/kvd_shapes"}
    pair = {"generator": "reference/hybrid", "other_generator": "reference/latent-diffusion"}
    told["conflicts"] = [{**two, **pair, "firm": True}, {**two, **pair, "firm": False}]
    found = trust.conflicts(boards.table(told))
    assert list(found.columns) == ["distance", "other distance", "generator", "other generator", "firm"]
    assert list(found["firm"]) == ["yes", "no"]
    assert set(found["other generator"]) == {"reference/latent-diffusion"}
