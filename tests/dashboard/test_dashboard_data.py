"""The data layer of the dashboard: plain functions, no streamlit, nothing computed twice."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fabricate import COURSE_S, DRIFT, GENERATORS, HOSTILE, make_audit, make_root, make_run, make_scaling_run

from vbench_lite import report
from vbench_lite.advise import advise, parse_requirement
from vbench_lite.audit.judge import Seen
from vbench_lite.compare import RunArm, compare
from vbench_lite.dashboard import data, player, progress, server
from vbench_lite.dashboard.pages import VIEWS
from vbench_lite.errors import ClipError, SpecError, StoreError
from vbench_lite.metric import Axis, Measurement
from vbench_lite.report.courses import courses
from vbench_lite.report.panels import (
    advice,
    audits,
    boards,
    comparisons,
    curves,
    drifts,
    gallery,
    growth,
    pairs,
    theme,
    traces,
    trust,
)
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two finished runs; the newer one is better, failed once and was disturbed."""
    folder = tmp_path_factory.mktemp("data")
    make_run(folder, "a" * 16)
    make_run(folder, "b" * 16, created="2026-03-02T10:00:00+00:00", failed=1, contended=True, shift=0.03)
    make_scaling_run(folder)
    return folder


@pytest.fixture(scope="module")
def board(root: Path) -> boards.BoardTable:
    return boards.read_board([RunDir(root, "b" * 16)], "quick")


def test_the_data_layer_imports_no_streamlit() -> None:
    screen = {"__init__", "app", "frame"}
    names = [
        f"vbench_lite.dashboard.{path.stem}" for path in VIEWS.parent.glob("*.py") if path.stem not in screen
    ]
    panels = Path(str(report.__file__)).parent
    names += [f"vbench_lite.report.panels.{path.stem}" for path in panels.glob("panels/[a-z]*.py")]
    code = f"import sys, {', '.join(sorted(names))}; print('streamlit' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# --- runs -----------------------------------------------------------------------------------------


def test_the_index_is_newest_first_and_leaves_controls_out(root: Path) -> None:
    found = data.read_index(root)
    assert [run.run_id for run in found.runs] == ["b" * 16, "a" * 16, "5" * 16]
    assert found.runs[0].generators == (
        "reference/latent-diffusion",
        "reference/autoregressive",
        "reference/hybrid",
    )


def test_a_root_that_is_not_there_has_no_runs(tmp_path: Path) -> None:
    assert data.read_index(tmp_path / "nowhere") == data.Index((), ())


def test_a_damaged_run_is_reported_with_its_path(tmp_path: Path) -> None:
    found = data.read_index(make_root(tmp_path, "damaged"))
    assert [run.run_id for run in found.runs] == ["a" * 16]
    assert "d" * 16 in found.damaged[0]


def test_the_stamp_changes_with_a_run(tmp_path: Path) -> None:
    run = make_run(tmp_path, clips=False, status="running")
    before = data.run_stamp(run)
    with run.journal("worker-1") as journal:
        journal.append({"kind": "sample"})
    assert data.run_stamp(run) != before


def test_alerts_name_failed_samples(root: Path) -> None:
    (alert,) = data.alerts(RunDir(root, "b" * 16))
    assert (alert.level, alert.text[:42]) == ("error", "reference/autoregressive: 1 of 6 samples d")
    assert data.alerts(RunDir(root, "a" * 16)) == []


# --- boards ---------------------------------------------------------------------------------------


def test_ranks_are_intervals_and_need_full_coverage(board: boards.BoardTable) -> None:
    table = boards.axis_table(board).set_index("generator")
    assert table.loc["reference/autoregressive", "speed rank"] == "–"
    assert set(table["coherence rank"]) <= {"1", "2", "1–2", "–"}
    assert boards.rank_text(1.0, 3.0) == "1–3"
    assert boards.rank_text(float("nan"), float("nan")) == "–"


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
    assert data.Filters(tasks=("t2v",), licences=("Apache-2.0",)).passing(board, told) == everyone
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
    whole = boards.read_board([RunDir(root, "a" * 16)], "quick")
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
    partial = boards.read_board([RunDir(root, "b" * 16)], "quick")
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


# --- clips ----------------------------------------------------------------------------------------


def test_a_clip_is_named_by_a_hash_and_nothing_else(root: Path) -> None:
    for name in ("../../etc/passwd", "a" * 63, "A" * 64, ""):
        with pytest.raises(StoreError, match="no clip hash"):
            player.player_clip(root, name, "t", "s")


def test_a_link_out_of_the_pool_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"secret")
    pool = Pool(tmp_path / "root")
    sha = pool.put(np.zeros((2, 16, 16, 3), np.uint8), 8.0)
    (tmp_path / "root" / "pool" / "previews").mkdir()
    (tmp_path / "root" / "pool" / "previews" / f"{sha}.mp4").symlink_to(secret)
    with pytest.raises(StoreError, match="no file of the pool"):
        player.player_clip(tmp_path / "root", sha, "t", "s")


def test_a_strip_shows_at_most_eight_frames_spread_over_the_clip() -> None:
    import cv2

    frames = np.repeat(np.arange(30, dtype=np.uint8), 20 * 20 * 3).reshape(30, 20, 20, 3)
    image = cv2.imdecode(np.frombuffer(gallery.strip(frames), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (40, 8 * 40 + 7 * 2, 3)
    assert (int(image[0, 0, 0]), int(image[0, -1, 0])) == (0, 29)


def test_worst_clips_come_first_by_the_metric_s_direction(root: Path) -> None:
    run = RunDir(root, "a" * 16)
    samples, scores = gallery.shown_samples(run), gallery.clip_scores(run)
    worst = gallery.extremes(samples, scores, "alignment/shapes_shape", "reference/hybrid", worst=True)
    assert list(worst["value"]) == sorted(worst["value"])
    best = gallery.extremes(samples, scores, "alignment/shapes_shape", None, worst=False)
    assert best["value"].is_monotonic_decreasing


def test_the_player_bounds_what_it_is_given() -> None:
    clip = player.PlayerClip("a", "b", b"x", 2, 8.0)
    assert player.payload([clip])["clips"][0]["src"] == "data:video/mp4;base64,eA=="
    with pytest.raises(ClipError, match="1 to 8 clips"):
        player.payload([clip] * 9)
    with pytest.raises(ClipError, match="takes 4,000,000"):
        player.payload([player.PlayerClip("a", "b", bytes(4_000_001), 2, 8.0)])
    with pytest.raises(ClipError, match="cannot be played"):
        player.payload([player.PlayerClip("a", "b", b"x", 0, 8.0)])


# --- time, growth, comparison -----------------------------------------------------------------------


def call(arrivals: tuple[tuple[float, int], ...], total_s: float = 1.0, number: int = 0) -> Measurement:
    return Measurement("g", "base", number, "warm", 0.1, total_s, arrivals, 4, 4, 1, 32, 32, 4.0)


def test_playback_waits_plays_and_stalls() -> None:
    # Two frames at 1 s play until 1.5 s; the next two come at 2 s and play until 2.5 s.
    shown = traces.playback([call(((1.0, 2), (2.0, 2)))])
    assert shown.drop(columns="generator").values.tolist() == [
        ["waiting", 0.0, 1.0],
        ["playing", 1.0, 1.5],
        ["stalled", 1.5, 2.0],
        ["playing", 2.0, 2.5],
    ]
    assert traces.playback_summary([call(((1.0, 2), (2.0, 2)))]).loc[0, "stalls"] == 1


def test_the_median_call_stands_for_a_generator() -> None:
    calls = [call(((t, 4),), total_s=t, number=i) for i, t in enumerate((3.0, 1.0, 2.0))]
    assert [c.total_s for c in traces.median_calls(calls, "base")] == [2.0]
    assert traces.arrival_steps(calls[:1])[["time", "frames"]].values.tolist() == [[0.0, 0.0], [3.0, 4.0]]


def test_a_course_is_the_mean_over_clips_at_each_time_with_its_interval(root: Path) -> None:
    run = RunDir(root, "a" * 16)
    found = {c.generator: c for c in courses(run, "quick") if c.metric == DRIFT}
    assert {name for name, c in found.items() if c.control} == {"real", "frozen", "noise", "shuffled"}
    mine = found["reference/hybrid"].points
    assert [p.time_s for p in mine] == pytest.approx(COURSE_S)
    exact = [0.76 - 0.05 * t + 0.0025 for t in COURSE_S]  # six clips, 0.001 apart
    assert [p.value for p in mine] == pytest.approx(exact)
    half = 2.5706 * np.std([0.001 * i for i in range(6)], ddof=1) / np.sqrt(6)  # t with 5 degrees
    for point in mine:
        assert point.n == 6
        assert point.low == pytest.approx(point.value - half, rel=1e-3)
        assert point.high == pytest.approx(point.value + half, rel=1e-3)
    assert courses(run, "film") == []
    table = drifts.table(list(found.values()), DRIFT, {"reference/hybrid": "hybrid"})
    assert list(table["generator"].unique())[:3] == list(GENERATORS)  # controls last
    assert set(table.loc[table["generator"] == "reference/hybrid", "family"]) == {"hybrid"}


def test_fitted_curves_pass_through_an_exact_power_law(root: Path) -> None:
    report = growth.read(RunDir(root, "5" * 16), "scaling")
    assert report is not None
    lines = growth.fitted(report, "frames")
    mine = lines[lines["generator"] == "reference/latent-diffusion"]
    exact = 0.01 * (mine["size"] / 16) ** 2
    assert np.allclose(mine["value"], exact, rtol=0.02)
    assert growth.read(RunDir(root, "a" * 16), "quick") is None


@pytest.mark.parametrize(("values", "span"), [([6.1e8, 6.2e8], 4.0), ([0.1, 3.0], 30.0)])
def test_growth_is_drawn_with_room_and_what_is_flat_looks_flat(values: list[float], span: float) -> None:
    points = pd.DataFrame(
        {"generator": ["g", "g"], "family": "hybrid", "size": [16.0, 96.0], "value": values}
    )
    drawn = curves.growth(points.assign(low=values, high=values), points, "frames", "cost").to_dict()
    (low, high), *others = [layer["encoding"]["y"]["scale"]["domain"] for layer in drawn["layer"]]
    assert others == [[low, high]] * 2
    assert low < min(values) and max(values) < high
    assert span <= high / low <= span * 1.5
    assert drawn["layer"][0]["encoding"]["x"]["axis"]["values"] == [16.0, 96.0]


def test_clips_that_changed_most_pair_by_prompt_and_seed(root: Path) -> None:
    runs = RunDir(root, "a" * 16), RunDir(root, "b" * 16)
    sides = [(gallery.shown_samples(run), gallery.clip_scores(run)) for run in runs]
    name = "reference/autoregressive"
    found = comparisons.most_changed(sides[0], sides[1], (name, name), "alignment/shapes_shape")
    assert len(found) == 5  # one of six failed in the newer run
    assert found["change"].abs().is_monotonic_decreasing
    assert np.allclose(found["candidate"] - found["baseline"], found["change"])


def test_a_comparison_is_drawn_in_margins(root: Path) -> None:
    runs = RunDir(root, "a" * 16), RunDir(root, "b" * 16)
    found = comparisons.read_comparison(runs[0], "reference/hybrid", runs[1], "reference/hybrid", "quick")
    assert found.verdict in {"IMPROVED", "PASS", "INCONCLUSIVE"}  # the newer run is better everywhere
    assert set(found.forest["verdict"]) <= {"IMPROVED", "PASS", "INCONCLUSIVE", "REGRESSED", "description"}
    assert (found.forest["low"] <= found.forest["effect"]).all()


def test_history_marks_intervals_that_do_not_overlap(root: Path) -> None:
    tables = [boards.read_board([RunDir(root, name * 16)], "quick") for name in "ab"]
    rows = comparisons.history(tables, "distribution/frechet_shapes", ["reference/hybrid"])
    assert list(rows["run"]) == ["a" * 16, "b" * 16]
    assert list(rows["step"]) == ["", ""]  # 0.06 apart, half-widths 0.05


def test_changes_since_the_run_before_are_of_generators_in_both(root: Path) -> None:
    tables = [boards.read_board([RunDir(root, name * 16)], "quick") for name in "ab"]
    found = comparisons.changes(tables, ["distribution/frechet_shapes", "speed"])
    assert set(found["generator"]) <= set(GENERATORS)
    mine = found[
        (found["measure"] == "distribution/frechet_shapes") & (found["generator"] == "reference/hybrid")
    ]
    ((before, now, step),) = mine[["before", "now", "step"]].itertuples(index=False, name=None)
    assert before.startswith("0.480")  # 2 x (1 - 0.76)
    assert now.startswith("0.420")
    assert step == ""


def test_primary_metrics_that_say_the_same_share_a_line(root: Path) -> None:
    sides = RunDir(root, "a" * 16), RunDir(root, "b" * 16)
    found = compare(*(RunArm(side, "reference/hybrid") for side in sides))
    why = "requests: 0 of 12 were answered by both"
    lost = [
        replace(m, verdict=Verdict.INCOMPARABLE, delta=None, reason=why) if m.primary else m
        for m in found.metrics
    ]
    table = comparisons.table(replace(found, verdict=Verdict.INCOMPARABLE, metrics=lost))
    names = [m.metric for m in found.metrics if m.primary]
    assert table.because == (f"{', '.join(names)}: {why}",)


def test_values_that_are_missing_have_their_reason_beside_them(root: Path) -> None:
    board = boards.read_board([RunDir(root, "a" * 16)], "quick")
    complete = replace(board, values=board.values.assign(reason=None))
    whole = boards.metric_table(complete, "quality", boards.declared_axes(board))
    assert "why no value" not in whole
    missing = board.values.assign(reason="n too small: 6 clips")
    table = boards.metric_table(replace(board, values=missing), "quality", boards.declared_axes(board))
    assert set(table["why no value"]) == {"n too small: 6 clips"}
    assert list(table.columns).index("why no value") < list(table.columns).index("meaning")


def test_the_metric_offered_first_is_one_by_which_a_clip_changed(root: Path) -> None:
    runs = RunDir(root, "a" * 16), RunDir(root, "b" * 16)
    one, two = [(gallery.shown_samples(run), gallery.clip_scores(run)) for run in runs]
    pair = ("reference/hybrid", "reference/hybrid")
    same = one[1].assign(value=1.0), two[1].assign(value=1.0)
    assert comparisons.first_changed((one[0], same[0]), (two[0], same[1]), pair, ["frames/sharpness"]) == (
        "frames/sharpness"
    )
    metrics = [DRIFT, "frames/sharpness"]  # the drift is equal in every clip
    assert comparisons.first_changed(one, two, pair, metrics) == "frames/sharpness"


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


def test_distances_that_disagree_are_named_with_how_firm_that_is(board: boards.BoardTable) -> None:
    rows = board.values.copy()
    other = (rows["name"] == "distribution/frechet_shapes") & ~rows["control"]
    rows.loc[other, ["value", "low", "high"]] = -rows.loc[other, ["value", "high", "low"]].to_numpy()
    found = trust.conflicts(replace(board, values=rows))
    assert len(found) == 3  # every pair of the three generators
    assert set(found["firm"]) <= {"yes", "no"}


def test_progress_counts_what_ended(tmp_path: Path) -> None:
    run = make_run(tmp_path, status="running", clips=False)
    found = {arm.generator: arm for arm in progress.arms(run)}
    assert (found["reference/hybrid"].done, found["reference/hybrid"].planned) == (3, 6)
    assert found["reference/hybrid"].left_s == pytest.approx(3 * 0.5)
    assert progress.left_s(list(found.values())) == pytest.approx(7 * 3 * 0.5)
    assert progress.newest(run, 4).empty


# --- text and start ---------------------------------------------------------------------------------


def test_plain_escapes_every_mark() -> None:
    assert theme.plain("a*b\n<i>") == "a\\*b \\<i\\>"
    escaped = theme.plain(HOSTILE)
    assert "<script>" not in escaped
    assert "](" not in escaped


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.00123, "s", "1.23 ms"),
        (1.5, "s", "1.50 s"),
        (2.5e9, "bytes", "2.50 GB"),
        (None, "", "–"),
        (0.0, "", "0"),
        (1234.5, "", "1,234"),
        (0.5, "1/px", "0.500 1/px"),
    ],
)
def test_numbers_for_people(value: float | None, unit: str, text: str) -> None:
    assert theme.number(value, unit) == text


def test_waiting_is_told_in_the_unit_that_fits() -> None:
    told = [theme.duration(s) for s in (0.2, 61.0, 125.0, 7300.0)]
    assert told == ["1 s", "61 s", "2 min", "2 h 2 min"]


def test_the_server_is_bound_to_loopback_and_sends_no_statistics() -> None:
    command = server.command(Path("x"), port=1)
    assert "--server.address=127.0.0.1" in command
    assert "--browser.gatherUsageStats=false" in command
    assert "--server.allowedHosts=127.0.0.1" in command
    assert command[-3:] == ["--", "--root", "x"]


def test_the_root_comes_from_the_argument_then_the_environment() -> None:
    assert server.root_from(["--root", "here"], {server.ROOT_VARIABLE: "there"}) == Path("here")
    assert server.root_from([], {server.ROOT_VARIABLE: "there"}) == Path("there")
    assert server.root_from([], {}) == server.DEFAULT_ROOT
    with pytest.raises(SpecError, match="--root DIR"):
        server.root_from(["--rot", "x"])
