"""Panels of what changes: within a call, along a clip, with size, and from run to run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fabricate import COURSE_S, DRIFT, GENERATORS

from vbench_lite.compare import RunArm, compare
from vbench_lite.measure.playback import deadlines
from vbench_lite.metric import Measurement
from vbench_lite.report.charts import (
    boards,
    comparisons,
    curves,
    drifts,
    gallery,
    growth,
    traces,
)
from vbench_lite.results.board import build_board
from vbench_lite.results.time_series import time_series
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.store.rundir import RunDir


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


def test_every_frame_stands_against_its_deadline_with_the_frames_in_hand() -> None:
    """At 4 a second from 1 s on, wanted at 1, 1.25, 1.5 and 1.75 s; two come at 0.5 s, two at 1.6 s."""
    measured = call(((0.5, 2), (1.6, 2)))
    found = traces.deadlines([measured], 1.0)
    assert found.drop(columns=["generator", "frame"]).values.tolist() == [
        ["on time", 1.0, 0.5, 1],
        ["on time", 1.25, 0.5, 0],
        ["late", 1.5, 1.6, -1],
        ["on time", 1.75, 1.6, 0],
    ]
    kept = deadlines(measured.arrivals, measured.fps, 1.0)
    assert kept.share == (found["state"] == "on time").mean()
    lateness = found["arrived"] - found["wanted"]
    assert kept.worst_lateness_s == pytest.approx(lateness.max())
    drawn = curves.deadlines(found).to_dict()
    assert [layer["mark"]["type"] for layer in drawn["layer"]] == ["tick", "rule"]
    assert curves.buffer(found.assign(family="hybrid")).to_dict()["layer"][1]["mark"]["type"] == "line"


def test_the_call_nearest_to_the_latency_stands_for_a_generator() -> None:
    calls = [call(((t, 4),), total_s=t, number=i) for i, t in enumerate((3.0, 1.0, 2.0))]
    assert traces.arrival_steps(calls[:1])[["time", "frames"]].values.tolist() == [[0.0, 0.0], [3.0, 4.0]]
    # Medians of the rounds are 1, 2 and 8, and so the latency is 2; the middle one of all calls took 7.
    rounds = ((1.0, 1.0, 9.0), (2.0, 2.0, 9.0), (7.0, 8.0, 9.0))
    calls = [call(((t, 4),), t, number) for number, times in enumerate(rounds) for t in times]
    assert [c.total_s for c in traces.typical_calls(calls, "base")] == [2.0]


def test_a_course_is_the_mean_over_clips_at_each_time_with_its_interval(root: Path) -> None:
    run = RunDir(root, "a" * 16)
    found = {c.generator: c for c in time_series(run, "quick") if c.metric == DRIFT}
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
    assert time_series(run, "film") == []
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
    changes = comparisons.clip_changes(sides[0], sides[1], (name, name))
    found = comparisons.most_changed(changes, "alignment/shapes_shape")
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
    tables = [boards.table(build_board([RunDir(root, name * 16)], suite="quick").as_dict()) for name in "ab"]
    rows = comparisons.history(tables, "distribution/frechet_shapes", ["reference/hybrid"])
    assert list(rows["run"]) == ["a" * 16, "b" * 16]
    assert list(rows["step"]) == ["", ""]  # 0.06 apart, half-widths 0.05


def test_what_other_programs_disturbed_is_no_step(root: Path) -> None:
    """Everything differs beyond its interval; of the second run one call in four was disturbed."""
    before, after = [
        boards.table(build_board([RunDir(root, name * 16)], suite="quick").as_dict()) for name in "ab"
    ]
    names = ["speed/latency_s", "speed", "frames/sharpness", "quality"]
    moved = after.values["name"].isin(names)
    values = after.values.copy()
    values.loc[moved, ["value", "low", "high"]] += 1e9
    after = replace(after, values=values)
    found = comparisons.changes([before, after], names)
    steps = found[found["generator"] == "reference/hybrid"].set_index("measure")["step"]
    assert list(steps[names]) == ["disturbed", "disturbed", "yes", "yes"]
    peaks = after.of("memory/peak_bytes", list(GENERATORS))
    assert len(peaks) and not peaks["disturbed"].any()  # nobody else takes of it
    rows = comparisons.history([after, before], "speed/latency_s", ["reference/hybrid"])
    assert list(rows["step"]) == ["", "disturbed"]
    more = replace(after, values=values.assign(protocol="twice as many samples"))
    assert set(comparisons.changes([before, more], names)["step"]) == {"other requests"}
    assert list(comparisons.history_table(rows, "speed/latency_s")["step"]) == ["", "disturbed"]


def test_a_value_of_which_nothing_says_how_it_varies_stands_alone(root: Path) -> None:
    table = boards.table(build_board([RunDir(root, "a" * 16)], suite="quick").as_dict())
    unknown = table.values.assign(low=np.nan, high=np.nan)
    found = comparisons.changes([table, replace(table, values=unknown)], ["quality"])
    assert all("(" in text for text in found["before"]) and not any("(" in text for text in found["now"])


def test_changes_since_the_run_before_are_of_generators_in_both(root: Path) -> None:
    tables = [boards.table(build_board([RunDir(root, name * 16)], suite="quick").as_dict()) for name in "ab"]
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
    board = boards.table(build_board([RunDir(root, "a" * 16)], suite="quick").as_dict())
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
    same = [(samples, scores.assign(value=1.0)) for samples, scores in (one, two)]
    metrics = [DRIFT, "frames/sharpness"]  # the drift is equal in every clip
    for (baseline, candidate), first in (((one, two), "frames/sharpness"), (same, DRIFT)):
        assert (
            comparisons.first_changed(comparisons.clip_changes(baseline, candidate, pair), metrics) == first
        )
