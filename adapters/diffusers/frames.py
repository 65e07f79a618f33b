"""From what a pipeline returns to frames: uint8, and what was wrong before they became integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vbench_lite.errors import ClipError
from vbench_lite.generator import Frames

_FRAMES = ("frames", "images", "video", "videos")


def clips_of(output: Any) -> list[npt.NDArray[Any]]:
    """The clips in a pipeline's output, each float (T, H, W, 3) in [0, 1] or uint8.

    Raises:
        ClipError: the output holds no clips in a form that is known here.
    """
    found = next((getattr(output, key) for key in _FRAMES if getattr(output, key, None) is not None), None)
    if found is None and isinstance(output, tuple) and output:
        found = output[0]
    if found is None:
        raise ClipError(f"the pipeline returned {type(output).__name__}, which has no {' or '.join(_FRAMES)}")
    clips = [_array(clip) for clip in found] if _is_batch(found) else [_array(found)]
    for clip in clips:
        if clip.ndim != 4 or clip.shape[-1] != 3:
            raise ClipError(f"the pipeline returned a clip of shape {clip.shape}, expected (T, H, W, 3)")
    return clips


def other_outputs(output: Any) -> list[str]:
    """What came beside the frames and is not kept: audio, sound, actions ..."""
    if not isinstance(output, Mapping):
        return []
    known = (*_FRAMES, "nsfw_content_detected")
    return [str(name) for name, value in output.items() if name not in known and value is not None]


def safety_flags(output: Any) -> int:
    """Clips that a safety checker took exception to; such pipelines return them black."""
    flags = getattr(output, "nsfw_content_detected", None)
    if flags is None:
        return 0
    return sum(map(bool, flags)) if isinstance(flags, Sequence) else int(bool(flags))


def to_uint8(clip: npt.NDArray[Any]) -> tuple[Frames, int]:
    """Frames uint8 (T, H, W, 3) of a clip in [0, 1], and its count of non-finite values (made black)."""
    if clip.dtype == np.uint8:
        return np.ascontiguousarray(clip), 0
    values = clip.astype(np.float32)
    finite = np.isfinite(values)
    nonfinite = int(values.size - finite.sum())
    if nonfinite:
        values = np.where(finite, values, np.float32(0))
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8), nonfinite


def _is_batch(found: Any) -> bool:
    if hasattr(found, "ndim"):
        return bool(found.ndim == 5)
    return isinstance(found, Sequence) and len(found) > 0 and getattr(_array(found[0]), "ndim", 0) == 4


def _array(value: Any) -> npt.NDArray[Any]:
    if hasattr(value, "detach"):
        value = value.detach().cpu().float().numpy()
    return np.asarray(value)
