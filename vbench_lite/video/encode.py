"""Writing clips: lossless for the pool, small and browser-friendly for previews.

A lossless file depends on frames and rate only: one thread, bit-exact codec and muxer flags, no dates
and no library versions. The rate is also stored as a tag, because Matroska keeps milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

from vbench_lite.clip import Frames, check_frames
from vbench_lite.errors import ClipError

FPS_TAG = "VBENCH_LITE_FPS"  # exact rate of a lossless file
NO_RATE = "none"  # its value where nobody said
PREVIEW_SIDE = 256  # previews of smaller clips are enlarged by a whole factor up to about this
PREVIEW_MAX_SIDE = 1280  # larger clips are reduced to this in previews
_UNKNOWN_RATE = Fraction(8)  # how a clip without a rate is shown


def rate_of(fps: float | None) -> Fraction:
    """The rate as a fraction that containers can hold.

    Raises:
        ClipError: the rate is not a positive, finite number below 1000.
    """
    if fps is None:
        return _UNKNOWN_RATE
    if not 0 < fps < 1000:
        raise ClipError(f"a clip is shown at more than 0 and less than 1000 frames a second, got {fps}")
    return max(Fraction(fps).limit_denominator(1001), Fraction(1, 1001))


def write_lossless(path: Path, frames: Frames, fps: float | None) -> None:
    """Write FFV1 in Matroska, RGB; reading gives the same bytes, and equal clips give equal files.

    Args:
        frames: uint8 (T, H, W, 3), RGB.
        fps: frames a second, or None where nobody said.

    Raises:
        ClipError: frames of another shape or type, or the file cannot be written.
    """
    check_frames(frames)
    rate = rate_of(fps)
    tick = 1 / rate
    try:
        with av.open(str(path), "w", format="matroska", options={"fflags": "+bitexact"}) as container:
            container.metadata[FPS_TAG] = NO_RATE if fps is None else repr(float(fps))
            stream = container.add_stream("ffv1", rate=rate, options=_ffv1(*frames.shape[1:3]))
            stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], "bgr0"
            stream.thread_count = 1
            for index, frame in enumerate(frames):
                image = _bgr0(frame)
                image.pts, image.time_base = index, tick
                container.mux(stream.encode(image))
            container.mux(stream.encode(None))
    except (av.FFmpegError, OSError) as error:
        # The cause stays: whoever stores clips has to tell a full disk from a clip that cannot be written.
        raise ClipError(f"{path.name}: cannot be written: {_reason(error)}") from error


def _bgr0(frame: Frames) -> VideoFrame:
    """The form of RGB that FFV1 takes; copied here because a converter is set up anew for each frame."""
    height, width, _ = frame.shape
    image = VideoFrame(width, height, "bgr0")
    plane = image.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    pixels = rows[:height, : 4 * width].reshape(height, width, 4)
    pixels[..., :3] = frame[..., ::-1]
    pixels[..., 3] = 255
    return image


def _ffv1(height: int, width: int) -> dict[str, str]:
    """Options of the encoder: as few slices as it takes, which above 352x288 are four."""
    slices = "1" if width <= 352 and height <= 288 else "4"
    return {"flags": "+bitexact", "level": "3", "slices": slices, "slicecrc": "1", "coder": "1", "g": "1"}


def write_preview(path: Path, frames: Frames | Iterable[Frames], fps: float | None) -> None:
    """Write an H.264 MP4 that every browser plays: 4:2:0, even sides, index first.

    Small clips are enlarged by a whole factor with nearest neighbour, so that a pixel stays a pixel;
    large ones are reduced. A preview is for looking at and is never measured.

    Args:
        frames: uint8 (T, H, W, 3), RGB, or chunks of that form in order of time.
        fps: frames a second, or None where nobody said (shown at 8).

    Raises:
        ClipError: no frames, another shape or type, or the file cannot be written.
    """
    chunks = iter([frames] if isinstance(frames, np.ndarray) else frames)
    rate = rate_of(fps)
    try:
        with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            stream = container.add_stream("libx264", rate=rate, options={"crf": "16", "preset": "veryfast"})
            stream.thread_count = 1
            for index, frame in enumerate(_frames(chunks, path.name)):
                shown = _enlarge(frame)
                if index == 0:
                    height, width = _preview_size(*shown.shape[:2])
                    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                image = VideoFrame.from_ndarray(shown, format="rgb24")
                image = image.reformat(width, height, "yuv420p", interpolation="AREA")
                image.pts, image.time_base = index, 1 / rate
                container.mux(stream.encode(image))
            container.mux(stream.encode(None))
    except (av.FFmpegError, OSError) as error:
        raise ClipError(f"{path.name}: cannot be written: {_reason(error)}") from None


def _frames(chunks: Iterator[Frames], name: str) -> Iterator[Frames]:
    """Single frames, uint8 (H, W, 3); raises ClipError when there is none."""
    empty = True
    for chunk in chunks:
        check_frames(chunk)
        empty = False
        yield from chunk
    if empty:
        raise ClipError(f"{name}: a preview needs at least one frame")


def _enlarge(frame: Frames) -> Frames:
    """Repeat pixels by the largest whole factor that keeps the long side within PREVIEW_SIDE."""
    factor = max(1, PREVIEW_SIDE // max(frame.shape[:2]))
    return np.ascontiguousarray(frame.repeat(factor, axis=0).repeat(factor, axis=1))


def _preview_size(height: int, width: int) -> tuple[int, int]:
    """Even sides, at least 2, the long one at most PREVIEW_MAX_SIDE."""
    ratio = min(1.0, PREVIEW_MAX_SIDE / max(height, width))
    return max(2, round(height * ratio / 2) * 2), max(2, round(width * ratio / 2) * 2)


def _reason(error: av.FFmpegError | OSError) -> str:
    return str(error.strerror or error)
