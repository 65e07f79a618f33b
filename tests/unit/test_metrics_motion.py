"""Jerk, flicker and cuts, and detail that is kept, on clips whose value can be written down."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vbench_lite.clip import ClipInfo, Frames
from vbench_lite.datasets import shapes
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import ClipMetric, SampleInfo
from vbench_lite.suites.coherence.brightness_flicker import BrightnessFlicker
from vbench_lite.suites.coherence.point_jerk import PointJerk
from vbench_lite.suites.coherence.scene_cuts import SceneCuts
from vbench_lite.suites.frames.degenerate import Degenerate
from vbench_lite.suites.reconstruction.high_frequency import HighFrequencyKept

SAMPLE = SampleInfo("g", "s", "p", None, None)
RNG = np.random.default_rng(5)
TEXTURE = cv2.GaussianBlur(RNG.integers(0, 256, (300, 300, 3), dtype=np.uint8), (0, 0), 3)


def score(metric: ClipMetric, frames: Frames) -> float:
    metric.start(ClipInfo("clip", len(frames), frames.shape[1], frames.shape[2], 8.0), SAMPLE)
    for start in range(0, len(frames), 5):
        piece = frames[start : start + 5]
        metric.push(piece, np.arange(start, start + len(piece)))
    return float(metric.finish({}))


def pan(offsets: list[int]) -> Frames:
    """A texture that moves to the left by these offsets."""
    return np.stack([TEXTURE[50:178, 50 + x : 178 + x] for x in offsets])


def grey(levels: list[float]) -> Frames:
    return np.repeat(np.rint(levels).astype(np.uint8), 16 * 16 * 3).reshape(len(levels), 16, 16, 3)


def test_steady_motion_has_no_jerk_and_shaking_has() -> None:
    steady = score(PointJerk(), pan(list(range(0, 64, 4))))
    assert steady < 0.05
    # Steps of 2 and 6 in turn: the third difference is 8 and the mean step 10/3 or 14/3.
    shaking = score(PointJerk(), pan([8 * (i // 2) + 2 * (i % 2) for i in range(16)]))
    assert shaking == pytest.approx((8 / (10 / 3) + 8 / (14 / 3)) / 2, rel=0.2)


def test_constant_acceleration_is_smooth() -> None:
    assert score(PointJerk(), pan([i * (i + 1) // 2 for i in range(7)])) < 0.2


def test_a_still_clip_has_no_jerk_and_noise_all_of_it() -> None:
    assert score(PointJerk(), pan([0] * 8)) == 0
    noise = RNG.integers(0, 256, (8, 128, 128, 3), dtype=np.uint8)
    assert score(PointJerk(), noise) > 2.5
    with pytest.raises(NotApplicable, match="no frame has a corner"):
        score(PointJerk(), np.zeros((8, 64, 64, 3), np.uint8))


def test_a_fade_does_not_flicker_and_a_pulse_does() -> None:
    assert score(BrightnessFlicker(), grey([10.0 * i for i in range(20)])) == pytest.approx(0, abs=1e-12)
    assert score(BrightnessFlicker(), grey([100.0, 151.0] * 8)) == pytest.approx(51 / 255)


def test_cuts_are_counted() -> None:
    red, blue = np.zeros((2, 6, 32, 32, 3), np.uint8)
    red[..., 0], blue[..., 2] = 200, 200
    assert score(SceneCuts(), red) == 0
    assert score(SceneCuts(), np.concatenate([red, blue, red])) == 2
    assert score(SceneCuts(), shapes.real_clip(shapes.Scene("red", "ring", "up", "quickly"), 0)) == 0


def test_a_plain_ground_that_grows_brighter_is_no_cut() -> None:
    """Its histogram jumps from one bin to the next; three true cuts beside it still count."""
    fade = grey([4.0 * i for i in range(40)])
    assert score(SceneCuts(), fade) == 0
    assert score(SceneCuts(), np.concatenate([fade, fade, fade, fade])) == 3


def test_a_blank_chunk_is_degenerate_however_long_the_clip() -> None:
    scene = shapes.Scene("green", "circle", "right", "quickly")
    frames = shapes.real_clip(scene, 0, 96)
    for index in range(96):  # no loop: a mark that grows
        frames[index, 0, : index // 4] = 255
    assert score(Degenerate(), frames) == 0
    frames[40:43] = 0
    assert score(Degenerate(), frames) == 0
    frames[40:44] = 0
    metric = Degenerate()
    assert score(metric, frames) == 1
    assert metric.reasons == ("blank",)


# --- detail that is kept ------------------------------------------------------------------------


def kept(frames: Frames, reference: Frames) -> float:
    metric = HighFrequencyKept()
    info = ClipInfo("clip", len(frames), frames.shape[1], frames.shape[2], 8.0)
    metric.start(info, info, SAMPLE)
    metric.push(frames, reference, np.arange(len(frames)))
    return metric.finish()


def test_all_detail_is_1_half_its_height_a_half_and_none_0() -> None:
    sharp = RNG.integers(64, 192, (3, 32, 32, 3), dtype=np.uint8)
    assert kept(sharp, sharp) == pytest.approx(1)
    half = np.rint(sharp.astype(float) / 2 + 64).astype(np.uint8)
    assert kept(half, sharp) == pytest.approx(0.5, abs=0.01)
    assert kept(np.full_like(sharp, 128), sharp) == pytest.approx(0, abs=0.01)


def test_invented_texture_keeps_nothing() -> None:
    sharp = RNG.integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    assert abs(kept(RNG.integers(0, 256, sharp.shape, dtype=np.uint8), sharp)) < 0.05


def test_a_reference_without_detail_has_none_to_keep() -> None:
    with pytest.raises(NotApplicable, match="no fine detail"):
        kept(grey([10.0, 20.0]), grey([10.0, 20.0]))
