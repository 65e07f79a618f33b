"""The clip that another program left in a file: read within limits, and held against what was asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vbench_lite.clip import Clip, Frames, is_uneven, rates_agree
from vbench_lite.errors import ClipError
from vbench_lite.generator import GenerationContext, GenerationRequest, GeneratorInfo
from vbench_lite.video.decode import read_clip
from vbench_lite.video.frame_rules import frames_on_show
from vbench_lite.video.limits import Limits


def emit_clip_file(
    path: Path,
    name: str,
    index: int,
    request: GenerationRequest,
    info: GeneratorInfo,
    context: GenerationContext,
    limits: Limits,
) -> None:
    """Read a clip and hand it over whole; of uneven frames those on show at each tick of the agreed rate.

    Args:
        name: what errors call the file.
        index: which request of the call it is for.

    Raises:
        ClipError: the file cannot be read, is above a limit, or its rate is not the one that was agreed.
    """
    context.phase("read")
    clip = _read_array(path, name, limits) if path.suffix == ".npy" else read_clip(path, name, limits)
    agreed = info.native_fps or request.fps
    if is_uneven(clip.times):
        context.note(file_frames=len(clip.frames), file_fps=clip.fps)
        context.emit(index, _at_even_times(clip, name, agreed, limits))
        return
    if clip.fps is not None:
        context.note(file_fps=clip.fps)
        if not rates_agree(clip.fps, agreed):
            raise ClipError(
                f"{name} is at {clip.fps:g} frames a second, {agreed:g} were agreed; "
                f"declare native_fps: {clip.fps:g}, or write the file at the rate that is asked for"
            )
    context.emit(index, clip.frames)


def _at_even_times(clip: Clip, name: str, fps: float, limits: Limits) -> Frames:
    """The frames that are on show at each tick of a rate: a held one is repeated."""
    assert clip.times is not None
    edges = clip.times.copy()
    edges[-1] = min(edges[-1], edges[-2] + float(np.median(np.diff(edges))))  # how long it ends is no frame
    shown = frames_on_show(edges, fps, name, limits)
    if len(shown) * clip.frames[0].nbytes > limits.max_clip_bytes:
        raise ClipError(
            f"{name}: {len(shown)} frames at {fps:g} a second, above max_clip_bytes = {limits.max_clip_bytes}"
        )
    return np.asarray(clip.frames[shown])


def _read_array(path: Path, name: str, limits: Limits) -> Clip:
    """An array of numpy's own format; pickled objects are refused, as they could run code."""
    if path.stat().st_size > limits.max_clip_bytes:
        raise ClipError(f"{name}: {path.stat().st_size} bytes, above the limit of {limits.max_clip_bytes}")
    try:
        frames = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ClipError(f"{name}: no array that numpy reads: {error}") from None
    if not isinstance(frames, np.ndarray):
        raise ClipError(f"{name}: an archive of arrays; save one array of uint8 (T, H, W, 3)")
    return Clip(frames, None)
