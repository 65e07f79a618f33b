"""Small clips and files of them in any container, made with PyAV."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from vbench_lite.clip import Frames

PIXELS = {"ffv1": "bgr0", "gif": "rgb8"}  # pixel formats of codecs that do not take yuv420p


def moving_square(num_frames: int = 12, height: int = 48, width: int = 64) -> Frames:
    """A soft gradient with a bright square that moves, uint8 (T, H, W, 3): codecs keep it well."""
    y, x = np.mgrid[:height, :width]
    frames = np.empty((num_frames, height, width, 3), np.uint8)
    for t in range(num_frames):
        frames[t, ..., 0] = 40 + 120 * x / width
        frames[t, ..., 1] = 40 + 120 * y / height
        frames[t, ..., 2] = 60
        frames[t, 8:20, 4 + 2 * t : 16 + 2 * t] = (200, 180, 160)
    return frames


def long_clip() -> Frames:
    """Forty noisy frames, so that files have some length, uint8 (40, 64, 64, 3)."""
    noise = np.random.default_rng(0).integers(0, 50, (40, 64, 64, 3), dtype=np.uint8)
    return moving_square(40, 64, 96)[:, :, :64] + noise


def encode(
    path: Path,
    frames: npt.NDArray[np.uint8],
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: int = 8,
    pts: list[int] | None = None,
    options: dict[str, str] | None = None,
    muxer: dict[str, str] | None = None,
) -> Path:
    """Write frames, uint8 (T, H, W, 3 or 4), with any codec; `pts` are in units of 1/rate seconds."""
    with av.open(str(path), "w", options=dict(muxer or {})) as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], pix_fmt
        for index, frame in enumerate(frames):
            kind = "rgba" if frames.shape[-1] == 4 else "rgb24"
            image = VideoFrame.from_ndarray(np.ascontiguousarray(frame), format=kind).reformat(format=pix_fmt)
            image.pts, image.time_base = (pts[index] if pts else index), Fraction(1, rate)
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
    return path


def close(a: Frames, b: Frames, within: float) -> bool:
    """Whether the mean absolute difference is at most `within`, out of 255."""
    return bool(np.abs(a.astype(float) - b).mean() <= within)
