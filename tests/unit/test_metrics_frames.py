"""Frame, neighbour and pair metrics in closed form, and the traps that each is known for."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from vbench_lite.clip import ClipInfo
from vbench_lite.datasets import shapes
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import ClipMetric, Frames, PairMetric, SampleInfo
from vbench_lite.suites.coherence.motion_amount import MotionAmount
from vbench_lite.suites.frames.degenerate import Degenerate
from vbench_lite.suites.frames.sharpness import Sharpness
from vbench_lite.suites.reconstruction.psnr import Psnr
from vbench_lite.suites.reconstruction.ssim import Ssim
from vbench_lite.suites.vbench.temporal_flickering import TemporalFlickering

SAMPLE = SampleInfo("g", "s", "p", None, None)


def score(metric: ClipMetric, frames: Frames, fps: float | None = 8.0) -> float:
    metric.start(ClipInfo("clip", len(frames), frames.shape[1], frames.shape[2], fps), SAMPLE)
    metric.push(frames, np.arange(len(frames)))
    return float(metric.finish({}))


def compare(metric: PairMetric, frames: Frames, reference: Frames) -> float:
    info = ClipInfo("clip", len(frames), frames.shape[1], frames.shape[2], 8.0)
    metric.start(info, info, SAMPLE)
    metric.push(frames, reference, np.arange(len(frames)))
    return metric.finish()


def real(seed: int = 0) -> Frames:
    return shapes.real_clip(shapes.sample_scenes(40, 0)[seed], seed)


def flat(level: int, count: int = 4, side: int = 16) -> Frames:
    return np.full((count, side, side, 3), level, np.uint8)


# --- flicker ------------------------------------------------------------------------------------


def test_flickering_is_the_published_formula() -> None:
    clip = np.concatenate([flat(10, 1), flat(61, 1), flat(10, 1)])  # two steps of 51 levels
    assert score(TemporalFlickering(), clip) == pytest.approx((255 - 51) / 255)
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (6, 8, 9, 3), dtype=np.uint8)
    published = [float(cv2.absdiff(a, b).mean()) for a, b in itertools.pairwise(noise)]
    assert score(TemporalFlickering(), noise) == pytest.approx((255 - np.mean(published)) / 255, abs=1e-12)


def test_flickering_is_one_for_a_still_and_zero_for_black_and_white() -> None:
    assert score(TemporalFlickering(), flat(77)) == 1.0
    assert score(TemporalFlickering(), np.concatenate([flat(0, 1), flat(255, 1)])) == 0.0


def test_flickering_needs_two_frames() -> None:
    with pytest.raises(NotApplicable):
        score(TemporalFlickering(), flat(1, 1))


# --- motion -------------------------------------------------------------------------------------


def texture(side: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    grain = cv2.GaussianBlur(
        rng.uniform(0, 255, (2 * side,) * 2 + (3,)).astype(np.float32), (0, 0), side / 40
    )
    return np.clip((grain - 127) * 4 + 127, 0, 255).astype(np.uint8)


def panned(side: int, pixels: int, count: int = 5) -> Frames:
    picture = texture(side)
    return np.stack([picture[:side, t * pixels : t * pixels + side] for t in range(count)])


def test_a_pan_moves_by_what_it_moves() -> None:
    """Four pixels a frame of 128 at 8 frames a second: a quarter of the side a second."""
    assert score(MotionAmount(), panned(128, 4)) == pytest.approx(0.25, rel=0.08)


def test_motion_knows_neither_resolution_nor_rate() -> None:
    slow = score(MotionAmount(), panned(128, 2), 16.0)
    assert slow == pytest.approx(score(MotionAmount(), panned(128, 4), 8.0), rel=0.1)
    small = np.stack([cv2.resize(f, (64, 64), interpolation=cv2.INTER_AREA) for f in panned(128, 4)])
    assert score(MotionAmount(), small) == pytest.approx(0.25, rel=0.12)


def test_a_still_does_not_move_and_a_quick_shape_moves_more_than_a_slow_one() -> None:
    assert score(MotionAmount(), flat(9)) == 0.0
    slow = shapes.real_clip(shapes.Scene("white", "circle", "right", "slowly"), 1, 8)
    quick = shapes.real_clip(shapes.Scene("white", "circle", "right", "quickly"), 1, 8)
    assert score(MotionAmount(), quick) > 1.5 * score(MotionAmount(), slow) > 0


def test_motion_needs_a_rate() -> None:
    with pytest.raises(NotApplicable, match="frame rate"):
        score(MotionAmount(), real(), None)


# --- sharpness ----------------------------------------------------------------------------------


def edge(width: int) -> Frames:
    """A vertical edge that rises over so many pixels."""
    row = np.clip((np.arange(48) - 24 + width / 2) / width, 0, 1) * 200
    return np.tile(row[None, :, None], (48, 1, 3)).astype(np.uint8)[None]


def test_sharpness_of_an_edge_is_one_over_its_width() -> None:
    step = np.zeros((1, 48, 48, 3), np.uint8)
    step[:, :, 24:] = 200
    assert score(Sharpness(), step) == pytest.approx(0.5, rel=1e-3)
    assert score(Sharpness(), edge(4)) == pytest.approx(1 / 4, rel=0.15)
    assert score(Sharpness(), step) > score(Sharpness(), edge(2)) > score(Sharpness(), edge(5))


def test_sharpness_does_not_know_contrast() -> None:
    half = (edge(3) // 2).astype(np.uint8)
    assert score(Sharpness(), half) == pytest.approx(score(Sharpness(), edge(3)), rel=0.03)


def test_nothing_has_no_edges() -> None:
    assert score(Sharpness(), flat(0)) == 0.0
    assert score(Sharpness(), flat(200)) == 0.0


def test_noise_is_not_sharp_and_blur_is_less_sharp_the_more_it_blurs() -> None:
    rng = np.random.default_rng(0)
    clips = [real(i)[:4] for i in range(12)]
    sharp = float(np.mean([score(Sharpness(), clip) for clip in clips]))
    noise = [score(Sharpness(), rng.integers(0, 256, c.shape, dtype=np.uint8)) for c in clips]
    assert max(noise) < 0.5 * sharp
    noisy = [np.clip(c + rng.normal(0, 25, c.shape), 0, 255).astype(np.uint8) for c in clips]
    assert np.mean([score(Sharpness(), clip) for clip in noisy]) < sharp
    blurred = [
        float(
            np.mean(
                [score(Sharpness(), np.stack([cv2.GaussianBlur(f, (0, 0), s) for f in c])) for c in clips]
            )
        )
        for s in (0.6, 1.0, 1.6)
    ]
    assert sharp > blurred[0] > blurred[1] > blurred[2]


# --- degenerate ---------------------------------------------------------------------------------


def reasons(frames: Frames) -> set[str]:
    metric = Degenerate()
    value = score(metric, frames)
    assert value == float(bool(metric.reasons))
    return set(metric.reasons)


def test_real_clips_are_not_degenerate_whatever_their_length() -> None:
    for i, scene in enumerate(shapes.sample_scenes(30, 1, "all")):
        assert reasons(shapes.real_clip(scene, i, (16, 80)[i % 2])) == set()


def test_slow_motion_in_a_large_frame_is_not_frozen() -> None:
    scene = shapes.Scene("blue", "ring", "up-left", "slowly")
    assert reasons(shapes.real_clip(scene, 0, 16, 128, 256)) == set()


def test_each_kind_of_degenerate_clip_is_named() -> None:
    clip = real()
    assert "black" in reasons(flat(3, 16, 32))
    assert {"constant", "frozen"} <= reasons(flat(120, 16, 32))
    assert "frozen" in reasons(np.repeat(clip[:1], 16, axis=0))
    assert "frozen" in reasons(np.concatenate([clip[:12], np.repeat(clip[11:12], 4, axis=0)]))
    assert "repeated" in reasons(np.repeat(clip[:6], 3, axis=0)[:16])
    assert "blank" in reasons(np.concatenate([clip[:12], np.zeros_like(clip[:4])]))
    assert reasons(np.concatenate([clip[:4]] * 4)) == {"looped"}
    assert reasons(np.concatenate([clip[:8]] * 2)) == {"looped"}


def test_a_frozen_clip_with_codec_noise_is_frozen() -> None:
    rng = np.random.default_rng(0)
    frames = np.repeat(real()[:1], 16, axis=0).astype(np.int16) + rng.integers(-1, 2, (16, 32, 32, 3))
    assert "frozen" in reasons(np.clip(frames, 0, 255).astype(np.uint8))


def test_noise_and_one_frame_are_not_degenerate() -> None:
    rng = np.random.default_rng(0)
    assert reasons(rng.integers(0, 256, (16, 32, 32, 3), dtype=np.uint8)) == set()
    assert reasons(real()[:1]) == set()


# --- pairs --------------------------------------------------------------------------------------


def test_psnr_in_closed_form() -> None:
    assert compare(Psnr(), flat(100), flat(110)) == pytest.approx(20 * np.log10(255 / 10))
    assert compare(Psnr(), flat(0), flat(255)) == 0.0
    assert compare(Psnr(), real(), real()) == 100.0


def test_ssim_in_closed_form() -> None:
    assert compare(Ssim(), flat(0), flat(255)) == pytest.approx(9.999e-05, rel=1e-3)
    assert compare(Ssim(), real(), real()) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.filterwarnings("error")
def test_ssim_takes_frames_that_cannot_be_written() -> None:
    """The scorer hands out read-only frames; torch must not warn of them in the middle of a run."""
    frames = np.full((2, 16, 16, 3), 100, np.uint8)
    frames.flags.writeable = False
    assert compare(Ssim(), frames, frames) == pytest.approx(1.0)


def test_psnr_agrees_with_torchmetrics() -> None:
    torch = pytest.importorskip("torch")
    from torchmetrics.functional.image import peak_signal_noise_ratio

    one, two = real(1), real(2)
    a, b = (torch.from_numpy(x).permute(0, 3, 1, 2).double() / 255 for x in (one, two))
    frames = [float(peak_signal_noise_ratio(x, y, data_range=1.0)) for x, y in zip(a, b, strict=True)]
    assert compare(Psnr(), one, two) == pytest.approx(np.mean(frames), abs=1e-5)


def test_ssim_is_that_of_its_authors() -> None:
    """Windows that lie in the frame only, as scikit-image and piq count them; by a second implementation."""
    from scipy.ndimage import gaussian_filter

    one, two = real(1), real(2)
    x, y = one / 255, two / 255

    def blurred(values: np.ndarray) -> np.ndarray:
        return np.asarray(gaussian_filter(values, 1.5, truncate=3.5, axes=(1, 2)))

    mean_x, mean_y = blurred(x), blurred(y)
    spread = blurred(x * x) - mean_x**2 + blurred(y * y) - mean_y**2
    both = blurred(x * y) - mean_x * mean_y
    values = (
        (2 * mean_x * mean_y + 1e-4) * (2 * both + 9e-4) / ((mean_x**2 + mean_y**2 + 1e-4) * (spread + 9e-4))
    )
    assert compare(Ssim(), one, two) == pytest.approx(values[:, 5:-5, 5:-5].mean(), abs=1e-5)
    assert abs(values.mean() - values[:, 5:-5, 5:-5].mean()) > 1e-3  # reflected borders would count


def test_pairs_of_unequal_length_are_refused() -> None:
    for metric in (Psnr(), Ssim()):
        with pytest.raises(NotApplicable, match="frames"):
            metric.start(ClipInfo("a", 4, 32, 32, 8.0), ClipInfo("b", 5, 32, 32, 8.0), SAMPLE)
    with pytest.raises(NotApplicable, match="11 pixels a side"):
        Ssim().start(ClipInfo("a", 4, 8, 32, 8.0), ClipInfo("b", 4, 8, 32, 8.0), SAMPLE)
