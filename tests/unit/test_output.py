"""Which outputs count as clips, and what is kept of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vbench_lite.generator import Family, GenerationRequest
from vbench_lite.run.generate.check_clip import check_clip

ASKED = GenerationRequest("s", "p", num_frames=4, height=8, width=8, fps=8.0, seed=0)
MADE = GenerationRequest("s", "p", num_frames=6, height=8, width=8, fps=8.0, seed=0)


def clip(num_frames: Any = 6, height: Any = 8, width: Any = 8) -> Any:
    return np.random.default_rng(0).integers(0, 256, (num_frames, height, width, 3), dtype=np.uint8)


def status(frames: Any, family: Any = Family.EXTERNAL, nonfinite: Any = False, made: Any = MADE) -> Any:
    verdict = check_clip(frames, ASKED, made, family, nonfinite)
    return str(verdict.status), verdict


def test_frames_beyond_the_length_asked_for_are_cut_off() -> None:
    frames = clip()
    what, verdict = status(frames)
    assert (what, verdict.reason) == ("ok", None)
    np.testing.assert_array_equal(verdict.frames, frames[:4])


@pytest.mark.parametrize("frames", [clip(3), clip(6, 9, 8), clip(6, 8, 7)], ids=["short", "high", "narrow"])
def test_too_few_frames_and_another_size_fail_without_a_clip(frames: Any) -> None:
    what, verdict = status(frames)
    assert what == "failed"
    assert verdict.frames is None
    assert verdict.reason.startswith("emitted ")


def test_black_frozen_and_nonfinite_clips_are_invalid_and_kept_to_be_looked_at() -> None:
    black, frozen = clip() * 0, np.repeat(clip(1), 6, axis=0)
    for frames, nonfinite in ((black, False), (frozen, False), (clip(), True)):
        what, verdict = status(frames, nonfinite=nonfinite)
        assert what == "invalid"
        assert verdict.frames is not None


def test_what_a_control_arm_shows_is_meant() -> None:
    for frames in (clip() * 0, np.repeat(clip(1), 6, axis=0)):
        assert status(frames, family=Family.CONTROL)[0] == "ok"


def test_almost_frozen_is_for_metrics_to_say() -> None:
    frames = np.repeat(clip(1), 6, axis=0)
    frames[1, 0, 0, 0] ^= 1
    assert status(frames)[0] == "ok"


def test_only_what_is_kept_is_judged_and_one_frame_is_not_frozen() -> None:
    asked_one = GenerationRequest("s", "p", num_frames=1, height=8, width=8, fps=8.0, seed=0)
    assert check_clip(clip(), asked_one, MADE, Family.EXTERNAL, False).status == "ok"
    late = np.concatenate([np.repeat(clip(1), 4, axis=0), clip(2)])
    assert status(late)[0] == "invalid"


def _walk(num_frames: int, start: int = 0) -> Any:
    """A bright column that moves on by a pixel a frame, through noise that stays."""
    frames = np.repeat(np.random.default_rng(1).integers(0, 40, (1, 8, 32, 3), np.uint8), num_frames, 0)
    for index in range(num_frames):
        frames[index, :, (start + index) % 32 : (start + index) % 32 + 3] = 220
    return frames


@pytest.mark.parametrize("blur", [0, 8])
def test_a_continuation_that_is_its_past_once_more_is_invalid(blur: int) -> None:
    """As it was, or through a lossy codec; what goes on from the past, and what stands still, is none."""
    asked = GenerationRequest("s", "p", num_frames=8, height=8, width=32, fps=8.0, seed=0)
    made = replace(asked, past_frames=_walk(6))
    damage = np.random.default_rng(2).integers(-blur, blur + 1, (8, 8, 32, 3))
    copy = np.clip(_walk(8) + damage, 0, 255).astype(np.uint8)
    verdict = check_clip(copy, asked, made, Family.EXTERNAL, False)
    assert str(verdict.status) == "invalid"
    assert verdict.reason == "its first 6 frames are those that were given; a continuation begins after them"
    assert check_clip(_walk(8, start=6), asked, made, Family.EXTERNAL, False).status == "ok"
    still = replace(asked, past_frames=np.repeat(_walk(1), 6, 0))
    assert check_clip(_walk(8), asked, still, Family.EXTERNAL, False).status == "ok"
    assert check_clip(copy, asked, made, Family.CONTROL, False).status == "ok"
