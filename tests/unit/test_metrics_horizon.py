"""Long-range metrics: drifts by the second, freezes, loops and seams, against values written down."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbench_lite.clip import ClipInfo, Frames
from vbench_lite.datasets import shapes
from vbench_lite.datasets.shapes import judge as shapes_judge
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import ClipMetric, SampleInfo, Scored
from vbench_lite.suites.horizon.drift import (
    BrightnessDrift,
    ColourDrift,
    IdentityDrift,
    MotionDrift,
    SharpnessDrift,
)
from vbench_lite.suites.horizon.freeze import LongestFreeze
from vbench_lite.suites.horizon.late import LateContinuity, LateIdentity
from vbench_lite.suites.horizon.loop import LoopShare
from vbench_lite.suites.horizon.seam import SeamVisibility
from vbench_lite.suites.horizon.windows import course

CIRCLE = shapes.Scene("red", "circle", "right", "slowly")
STAR = shapes.Scene("green", "star", "right", "slowly")


def scored(
    metric: ClipMetric, frames: Frames, fps: float | None = 8.0, pieces: tuple[int, ...] = ()
) -> Scored:
    sample = SampleInfo("g", "s", "p", None, None, pieces=pieces)
    metric.start(ClipInfo("clip", len(frames), frames.shape[1], frames.shape[2], fps), sample)
    for start in range(0, len(frames), 5):
        piece = frames[start : start + 5]
        metric.push(piece, np.arange(start, start + len(piece)))
    features = {"shapes-judge": shapes_judge.per_frame(frames)} if metric.info.extractors else {}
    found = metric.finish(features)
    return found if isinstance(found, Scored) else Scored(found)


def score(metric: ClipMetric, frames: Frames, fps: float | None = 8.0, pieces: tuple[int, ...] = ()) -> float:
    return float(scored(metric, frames, fps, pieces))


def grey(levels: list[float]) -> Frames:
    """One even frame for each level."""
    return np.repeat(np.rint(levels).astype(np.uint8), 16 * 16 * 3).reshape(len(levels), 16, 16, 3)


# --- windows and slopes -------------------------------------------------------------------------


@given(
    slope=st.floats(-5, 5),
    level=st.floats(-100, 100),
    seconds=st.integers(3, 12),
    fps=st.sampled_from([5.0, 8.0, 24.0, 29.97]),
)
def test_the_slope_of_a_line_is_its_slope_whatever_its_length_and_rate(
    slope: float, level: float, seconds: int, fps: float
) -> None:
    edges = np.arange(math.ceil(seconds * fps) + 1) / fps
    assert course(level + slope * edges[:-1], edges).slope == pytest.approx(slope, abs=1e-6)


def test_windows_are_seconds_and_a_last_one_that_is_not_half_full_is_left_out() -> None:
    found = course(np.arange(35.0), np.arange(36) / 8)  # four seconds and three frames
    assert found.values.tolist() == [3.5, 11.5, 19.5, 27.5]
    assert found.times_s.tolist() == [3.5 / 8, 11.5 / 8, 19.5 / 8, 27.5 / 8]
    assert len(course(np.arange(36.0), np.arange(37) / 8).values) == 5


def test_a_frame_counts_for_as_long_as_it_is_on_show() -> None:
    held = course(np.array([0.0, 8.0, 4.0]), np.array([0.0, 0.25, 2.0, 3.0]))
    assert held.values.tolist() == [6.0, 8.0, 4.0]  # a quarter of 0 and three of 8; 8; 4


def test_timestamps_far_apart_do_not_ask_for_memory() -> None:
    with pytest.raises(NotApplicable, match="above 100,000 windows"):
        course(np.zeros(2), np.array([0.0, 1.0, 5e8]))


def test_a_clip_of_two_seconds_has_no_drift() -> None:
    with pytest.raises(NotApplicable, match="lasts 2 s, and a drift needs 3 windows"):
        score(BrightnessDrift(), grey([100.0] * 16))


# --- drifts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", [BrightnessDrift, SharpnessDrift, ColourDrift, MotionDrift])
def test_a_steady_clip_does_not_drift(metric: type[ClipMetric]) -> None:
    scene = shapes.Scene("red", "circle", "right", "quickly")
    one = shapes.real_clip(scene, 0, 20)
    bounces = np.concatenate([one, one[::-1]] * 4)  # the same second after second, nearly
    assert abs(score(metric(), bounces)) < 0.02


def test_a_clip_that_fades_drifts_by_its_rate_relative_to_its_mean() -> None:
    levels = np.linspace(200, 100, 41)[:40]  # 2.5 levels a frame, 20 a second
    found = scored(BrightnessDrift(), grey(levels.tolist()))
    mean = np.rint(levels).reshape(5, 8).mean()
    assert found.value == pytest.approx(-20 / mean, rel=0.01)
    assert [time for time, _ in found.series] == [3.5 / 8 + second for second in range(5)]


def test_twice_the_windows_at_the_same_slope_is_the_same_drift() -> None:
    short, long = np.full(40, 120.0), np.full(80, 120.0)
    short += np.arange(40) - 19.5
    long += np.arange(80) - 39.5
    assert score(BrightnessDrift(), grey(short.tolist())) == pytest.approx(8 / 120, rel=0.02)
    assert score(BrightnessDrift(), grey(long.tolist())) == pytest.approx(8 / 120, rel=0.02)


def test_the_same_seconds_at_another_rate_drift_alike() -> None:
    levels = np.linspace(100, 200, 64, endpoint=False)
    slow, quick = grey(levels[::2].tolist()), grey(levels.tolist())
    assert score(BrightnessDrift(), slow, 8) == pytest.approx(score(BrightnessDrift(), quick, 16), rel=0.02)


def test_colour_that_fades_drifts_down_though_the_level_stays() -> None:
    frames = np.full((32, 16, 16, 3), 100, np.uint8)
    frames[..., 0] = 100 + np.arange(64, 0, -2)[:, None, None]
    frames[..., 1] = 100 - np.arange(64, 0, -2)[:, None, None]
    assert score(ColourDrift(), frames) < -0.3
    assert score(BrightnessDrift(), frames) == pytest.approx(0, abs=1e-9)


def test_motion_that_dies_down_drifts_down() -> None:
    frames = shapes.real_clip(CIRCLE, 0, 32)
    frames[20:] = frames[20]
    assert score(MotionDrift(), frames) < -0.2
    with pytest.raises(NotApplicable, match="nothing that could drift"):
        score(MotionDrift(), np.repeat(frames[:1], 32, axis=0))


def test_edges_that_blur_drift_down() -> None:
    import cv2

    real = shapes.real_clip(CIRCLE, 0, 32)
    blurred = np.stack([cv2.GaussianBlur(f, (0, 0), 0.1 + 0.1 * i) for i, f in enumerate(real)])
    assert score(SharpnessDrift(), blurred) < -0.1


def test_a_thing_that_becomes_another_loses_its_identity() -> None:
    changed = np.concatenate([shapes.real_clip(CIRCLE, 0, 16), shapes.real_clip(STAR, 0, 16)])
    found = scored(IdentityDrift(), changed)
    assert [value for _, value in found.series] == [1, 1, 0, 0]
    assert found.value == pytest.approx(-0.4)  # slope of 1, 1, 0, 0
    assert score(IdentityDrift(), shapes.real_clip(CIRCLE, 0, 32)) == 0
    with pytest.raises(NotApplicable, match="shows no shape"):
        score(IdentityDrift(), np.zeros((32, 32, 32, 3), np.uint8))


def test_drift_needs_a_rate() -> None:
    with pytest.raises(NotApplicable, match="rate is unknown"):
        score(BrightnessDrift(), grey([1.0] * 32), None)


# --- what is left at the end --------------------------------------------------------------------


def test_the_last_quarter_is_judged_by_the_first_second() -> None:
    real = shapes.real_clip(CIRCLE, 0, 32)
    assert score(LateIdentity(), real) == score(LateContinuity(), real) == 1
    late = real.copy()
    late[28:] = shapes.real_clip(STAR, 0, 4)
    assert score(LateIdentity(), late) == 0.5
    noise = np.random.default_rng(0).integers(0, 256, real.shape, dtype=np.uint8)
    assert score(LateIdentity(), noise) == 0
    assert score(LateContinuity(), noise) < 0.5
    early = real.copy()
    early[:24] = 0
    assert score(LateIdentity(), early) == 0  # it began with nothing


# --- freezes and loops --------------------------------------------------------------------------


def test_the_longest_freeze_is_in_seconds() -> None:
    frames = shapes.real_clip(CIRCLE, 0, 40)
    assert score(LongestFreeze(), frames) == 0
    frames[10:17], frames[30:33] = frames[10], frames[30]
    assert score(LongestFreeze(), frames) == 6 / 8
    assert score(LongestFreeze(), frames, 16) == 6 / 16


def test_a_loop_comes_back_and_a_journey_does_not() -> None:
    period = shapes.real_clip(shapes.Scene("red", "circle", "right", "quickly"), 0, 10)
    loop = np.concatenate([period] * 3)
    assert score(LoopShare(), loop) == pytest.approx(20 / 22)  # the first ten of 30 - 8 frames are new
    assert score(LoopShare(), grey(np.linspace(0, 250, 30).tolist())) == 0


def test_a_still_clip_is_no_loop() -> None:
    assert score(LoopShare(), np.repeat(shapes.real_clip(CIRCLE, 0, 1), 30, axis=0)) == 0
    with pytest.raises(NotApplicable, match="no frame with a past of 1 s"):
        score(LoopShare(), np.repeat(shapes.real_clip(CIRCLE, 0, 1), 8, axis=0))


def test_the_course_of_a_loop_is_the_distance_to_the_nearest_earlier_frame() -> None:
    found = scored(LoopShare(), grey([10.0 * i for i in range(16)]))
    assert found.series == tuple((i / 8, 80.0) for i in range(8, 16))


# --- seams --------------------------------------------------------------------------------------


def test_a_seam_is_the_log_ratio_of_steps_at_and_off_the_borders() -> None:
    levels = np.cumsum([0, 4, 4, 4, 16, 4, 4, 4, 16, 4, 4, 4]).astype(float)
    found = scored(SeamVisibility(), grey(levels.tolist()), pieces=(4, 4, 4))
    assert found.value == pytest.approx(math.log2(17 / 5))
    assert len(found.series) == 11 and found.series[3] == (4 / 8, 16 / 255)


def test_a_seamless_join_has_no_seam_and_a_hanging_one_is_negative() -> None:
    even = grey(np.arange(0, 48, 4.0).tolist())
    assert score(SeamVisibility(), even, pieces=(4, 4, 4)) == 0
    held = grey(np.cumsum([0, 4, 4, 4, 0, 4, 4, 4]).astype(float).tolist())
    assert score(SeamVisibility(), held, pieces=(4, 4)) == pytest.approx(math.log2(1 / 5))


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [((), "nobody recorded"), ((12,), "in one piece"), ((1,) * 12, "frame by frame")],
)
def test_clips_without_borders_have_no_seams(pieces: tuple[int, ...], reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        score(SeamVisibility(), grey(np.arange(0, 48, 4.0).tolist()), pieces=pieces)
