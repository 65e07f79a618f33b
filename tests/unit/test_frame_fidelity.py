"""Two clips frame by frame: the numbers of the registered metrics, where each frame has its partner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vbench_lite.clip import ClipInfo
from vbench_lite.compare.frame_fidelity import METRICS, frame_fidelity, reading, unlike
from vbench_lite.errors import NotApplicable
from vbench_lite.report.charts.comparisons import closeness, closeness_by_frame
from vbench_lite.store.pool import Pool
from vbench_lite.suite import load_suite

PSNR, SSIM = METRICS


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return Pool(tmp_path)


def test_each_frame_has_the_value_that_it_has_alone_and_the_clip_their_mean(pool: Pool) -> None:
    base = np.random.default_rng(0).integers(0, 200, (3, 16, 16, 3), dtype=np.uint8)
    changed = base + np.array([0, 1, 10], np.uint8)[:, None, None, None]
    found = frame_fidelity((pool, pool.put(changed, 8.0)), (pool, pool.put(base, 8.0)))
    decibel = [100.0, 20 * np.log10(255.0), 20 * np.log10(25.5)]
    assert found.frames[PSNR] == pytest.approx(decibel)
    assert found.clip[PSNR] == pytest.approx(np.mean(decibel))
    assert found.frames[SSIM][0] == pytest.approx(1.0) and found.frames[SSIM][2] < found.frames[SSIM][1] < 1.0
    assert found.clip[SSIM] == pytest.approx(np.mean(found.frames[SSIM]), abs=1e-6)
    assert closeness(found).startswith("PSNR 58.8 dB (least 28.1 dB, frame 3); SSIM ")
    table = closeness_by_frame(found)
    assert list(table.columns) == ["frame", "seconds", "PSNR (dB)", "SSIM"]
    assert list(table["frame"]) == [1, 2, 3] and list(table["seconds"]) == [0.0, 0.125, 0.25]


def test_frames_too_small_for_a_window_lose_that_metric_only(pool: Pool) -> None:
    small = np.zeros((2, 8, 8, 3), np.uint8)
    found = frame_fidelity((pool, pool.put(small + 10, None)), (pool, pool.put(small, None)))
    assert set(found.clip) == set(found.frames) == {PSNR}
    assert "11 pixels a side" in closeness(found)
    assert list(closeness_by_frame(found).columns) == ["frame", "PSNR (dB)"]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (ClipInfo("b", 16, 32, 64, 8.0), "frames of 32x32 and of 64x32"),
        (ClipInfo("b", 8, 32, 32, 8.0), "clips of 16 and of 8 frames"),
        (ClipInfo("b", 16, 32, 32, 12.5), "clips of 8 frames a second and of 12.5 frames a second"),
        (ClipInfo("b", 16, 32, 32, None), "clips of 8 frames a second and of an unknown rate"),
        (ClipInfo("b", 16, 32, 32, 8.0), None),
    ],
)
def test_only_clips_of_one_size_length_and_rate_have_partners(other: ClipInfo, why: str | None) -> None:
    assert unlike(ClipInfo("a", 16, 32, 32, 8.0), other) == why


def test_what_closeness_means_depends_on_who_made_the_clips_and_from_what() -> None:
    drawn, passed_on = load_suite("quick"), load_suite("reconstruction")
    assert reading(drawn, one_generator=True) == reading(passed_on, one_generator=True)
    assert "the clips differ, not that one is worse" in reading(drawn, one_generator=False)
    assert "one real clip" in reading(passed_on, one_generator=False)


def test_unlike_clips_are_refused_with_the_reason(pool: Pool) -> None:
    clip = np.zeros((4, 16, 16, 3), np.uint8)
    with pytest.raises(NotApplicable, match="clips of 4 and of 3 frames"):
        frame_fidelity((pool, pool.put(clip, 8.0)), (pool, pool.put(clip[:3], 8.0)))
