"""The clip that another program left in a file: read within limits, and held against what was asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vbench_lite.clip import Clip
from vbench_lite.errors import ClipError
from vbench_lite.generator import GenerationContext, GenerationRequest, GeneratorInfo
from vbench_lite.video.decode import read_clip
from vbench_lite.video.limits import Limits

_RATE_TOLERANCE = 0.01


def emit_clip_file(
    path: Path,
    name: str,
    index: int,
    request: GenerationRequest,
    info: GeneratorInfo,
    context: GenerationContext,
    limits: Limits,
) -> None:
    """Read a clip and hand it over whole.

    Args:
        name: what errors call the file.
        index: which request of the call it is for.

    Raises:
        ClipError: the file cannot be read, is above a limit, or its rate is not the one that was agreed.
    """
    context.phase("read")
    clip = _read_array(path, name, limits) if path.suffix == ".npy" else read_clip(path, name, limits)
    agreed = info.native_fps or request.fps
    if clip.fps is not None:
        context.note(file_fps=clip.fps)
        if not rates_agree(clip.fps, agreed):
            raise ClipError(
                f"{name} is at {clip.fps:g} frames a second, {agreed:g} were agreed; "
                f"declare native_fps: {clip.fps:g}, or write the file at the rate that is asked for"
            )
    context.emit(index, clip.frames)


def rates_agree(found: float, agreed: float) -> bool:
    """Whether two frame rates are one: containers round them."""
    return abs(found - agreed) <= _RATE_TOLERANCE * agreed


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
