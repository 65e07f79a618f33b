"""Validates a generated clip: it has the size and length that were asked for, and shows something."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbench_lite.generator import Family, Frames, GenerationRequest
from vbench_lite.store.schema import SampleStatus

_FEWEST_COPIED = 3  # frames; one or two may well look like those before them
_LEAST_MOTION = 1.0  # mean absolute difference of pixels, of 255, between the past and its last frame


@dataclass(frozen=True)
class CheckedClip:
    """The status of an output, why it is not ok, and the frames to keep.

    Attributes:
        frames: uint8 (T, H, W, 3), trimmed to the length asked for; None if they are not to be kept.
    """

    status: SampleStatus
    reason: str | None
    frames: Frames | None


def check_clip(
    frames: Frames, asked: GenerationRequest, made: GenerationRequest, family: Family, nonfinite: bool
) -> CheckedClip:
    """Validate what a generator emitted for one request.

    Frames beyond the length asked for are cut off: their cost stays with the generator, and its quality is
    judged on what was asked for. Black and frozen clips are invalid, unless a control arm means them.

    Args:
        frames: everything that was emitted, uint8 (T, H, W, 3).
        asked: what the suite asks for. made: that request as the generator was handed it.
        nonfinite: the generator noted non-finite values before it made integers of them.
    """
    height, width = frames.shape[1:3]
    if (height, width) != (made.height, made.width):
        reason = f"emitted {width}x{height} pixels, {made.width}x{made.height} were agreed"
        return CheckedClip(SampleStatus.FAILED, reason, None)
    if len(frames) < asked.num_frames:
        reason = f"emitted {len(frames)} frames, {asked.num_frames} were asked for"
        return CheckedClip(SampleStatus.FAILED, reason, None)
    kept = frames[: asked.num_frames]
    if family is not Family.CONTROL:
        if nonfinite:
            return CheckedClip(SampleStatus.INVALID, "non-finite values in the output", kept)
        if not kept.any():
            return CheckedClip(SampleStatus.INVALID, "every pixel is black", kept)
        if len(kept) > 1 and bool((kept == kept[0]).all()):
            return CheckedClip(SampleStatus.INVALID, "frozen: every frame is the same", kept)
        if made.past_frames is not None and (count := copied_frames(kept, made.past_frames)):
            reason = f"its first {count} frames are those that were given; a continuation begins after them"
            return CheckedClip(SampleStatus.INVALID, reason, kept)
    return CheckedClip(SampleStatus.OK, None, kept)


def copied_frames(frames: Frames, past: Frames) -> int:
    """Frames at the beginning of a clip that are the given past once more, decoded or as they were.

    A continuation begins near the last frame of the past, a copy near its first one. Frame by frame, the
    clip is compared with the frame of the past at its place and with the last one: a copy is at most a
    quarter as far from the former. A past that hardly moves tells nothing, and is taken for no copy.

    Args:
        frames: uint8 (T, H, W, 3). past: uint8 (P, H, W, 3), of any size.
    """
    count = min(len(frames), len(past))
    if past.shape[1:] != frames.shape[1:] or count < _FEWEST_COPIED:
        return 0
    clip, given, last = (part.astype(np.float32) for part in (frames[:count], past[:count], past[-1]))
    moves = float(np.abs(given - last).mean())
    copied = float(np.abs(clip - given).mean())
    return count if moves > _LEAST_MOTION and copied <= moves / 4 else 0
