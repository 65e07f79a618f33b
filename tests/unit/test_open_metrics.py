"""Metrics of clips of anything: they move the right way on known damage, and controls do not fool them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from vbench_lite.clip import ClipInfo, Frames
from vbench_lite.errors import NotApplicable, WeightsError
from vbench_lite.metric import ClipMetric, SampleInfo
from vbench_lite.suites.coherence.motion_amount import MotionAmount
from vbench_lite.suites.coherence.motion_explained import MotionExplained
from vbench_lite.suites.frames.brisque import Brisque
from vbench_lite.suites.horizon.late_brisque import LateBrisque
from vbench_lite.video.damage import blur, compress, noise, to_uint8
from vbench_lite.weights import files

SAMPLE = SampleInfo("g", "s", "p", None, None)
RNG = np.random.default_rng(0)


def value(metric: ClipMetric, frames: Frames, fps: float = 8.0) -> float:
    count, height, width, _ = frames.shape
    metric.start(ClipInfo("clip", count, height, width, fps), SAMPLE)
    metric.push(frames, np.arange(len(frames)))
    found: Any = metric.finish({})
    return float(getattr(found, "value", found))


def texture(side: int = 160) -> Frames:
    """A picture with the spectrum of natural ones, uint8 (side, side, 3)."""
    rows, columns = np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="ij")
    field = np.random.default_rng(3).standard_normal((side, side))
    shaped = np.fft.ifft2(np.fft.fft2(field) / np.maximum(np.hypot(rows, columns), 1 / side)).real
    grey = np.clip(128 + 45 * shaped / shaped.std(), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def pan(step: int = 2, count: int = 6, side: int = 128) -> Frames:
    """A texture that moves `step` pixels to the left a frame."""
    picture = texture()
    return np.stack([picture[:side, i * step : i * step + side] for i in range(count)])


@pytest.fixture(scope="module")
def brisque() -> Brisque:
    try:
        files.fetch("brisque-live")
    except WeightsError as error:
        pytest.skip(str(error))
    return Brisque()


def test_brisque_sees_blur_noise_and_compression(brisque: Brisque) -> None:
    clean = pan(count=2)
    held = clean.astype(np.float32)
    best = value(brisque, clean)
    for damaged in (blur(held, 0.5), noise(held, 0.5, RNG), compress(held, 1.0)):
        assert value(brisque, to_uint8(damaged)) > best + 5
    assert value(brisque, RNG.integers(0, 256, (2, 128, 128, 3), np.uint8)) > best + 20


def test_brisque_has_a_value_on_plain_frames_and_none_on_tiny_ones(brisque: Brisque) -> None:
    assert np.isfinite(value(brisque, np.full((2, 64, 64, 3), 90, np.uint8)))
    with pytest.raises(NotApplicable, match="32 pixels a side"):
        value(brisque, np.zeros((2, 16, 16, 3), np.uint8))


def test_the_last_quarter_is_what_late_brisque_reads(brisque: Brisque) -> None:
    clean = pan(count=8)
    spoilt = clean.copy()
    spoilt[-2:] = to_uint8(blur(clean[-2:].astype(np.float32), 1.0))
    assert value(LateBrisque(), spoilt) == pytest.approx(value(brisque, spoilt[-2:]))
    assert value(LateBrisque(), spoilt) > value(LateBrisque(), clean) + 10


def test_a_pan_moves_by_its_step() -> None:
    # 2 pixels a frame of 128, 8 frames a second: 1/8 side a second, where the flow accounts for the change.
    assert value(MotionExplained(), pan()) == pytest.approx(0.125, rel=0.15)
    assert value(MotionExplained(), pan(), fps=16.0) == pytest.approx(0.25, rel=0.15)


def test_still_clips_and_noise_have_no_explained_motion() -> None:
    assert value(MotionExplained(), np.repeat(pan()[:1], 6, axis=0)) == 0
    assert value(MotionExplained(), RNG.integers(0, 256, (6, 128, 128, 3), np.uint8)) < 0.01
    flicker = pan()[:1].astype(np.float32) * np.array([1, 0.8, 1, 0.8], np.float32)[:, None, None, None]
    assert value(MotionExplained(), to_uint8(flicker)) < 0.01


def test_explained_motion_does_not_spread_over_a_plain_background() -> None:
    square = np.full((6, 128, 128, 3), 120, np.uint8)
    patch = cv2.resize(texture(), (24, 24), interpolation=cv2.INTER_AREA)
    for index in range(6):
        square[index, 52:76, 20 + 2 * index : 44 + 2 * index] = patch
    true = 2 * 8 / 128 * (24 / 128) ** 2  # of a square that covers 3.5% of the frame
    assert true / 2 < value(MotionExplained(), square) < 2 * true
    assert value(MotionAmount(), square) > 2 * true  # what the plain flow makes of it
