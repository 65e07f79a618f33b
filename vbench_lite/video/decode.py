"""Reading clips: every container that PyAV reads, in chunks, or an error that names the file.

What a clip is, where files leave room:

- Frames are taken as stored: none is dropped or repeated for a variable rate. The rate of a
  constant-rate file is what the container states; of a variable one, the average over its timestamps,
  and the clip is flagged.
- Rotation in the metadata is applied, to the nearest quarter turn. Alpha is composited on black. More
  than 8 bits are reduced to 8. Pixels are never made square, and interlaced frames stay interlaced.
- Colours follow the file's tags; an untagged file is BT.601, limited range.
- A file that breaks before its end is an error, never a shorter clip.

A pass over the packets, without decoding, comes first: it gives count and timestamps, and finds most
truncated files before any frame is scored.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from vbench_lite.clip import Clip, ClipInfo, Frames
from vbench_lite.errors import ClipError
from vbench_lite.video.encode import FPS_TAG, write_lossless, write_preview
from vbench_lite.video.packets import Limits, PacketScan, open_container, scan_packets, video_stream

__all__ = [
    "CHUNK",
    "ClipReader",
    "Limits",
    "chunk_frames",
    "probe",
    "read_chunks",
    "read_clip",
    "write_lossless",
    "write_preview",
]

CHUNK = 16  # frames pushed at a time
CHUNK_BYTES = 16 * 2**20  # fewer of large frames, so that a chunk stays about this small
# Full chroma and exact rounding: the same bytes whatever the processor's vector units.
_SCALER = (
    Interpolation.BILINEAR
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.BITEXACT
)
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_HDR = {"SMPTE2084", "ARIB_STD_B67"}


class ClipReader:
    """One open clip: `info` and `flags` at once, then its frames, once, in order.

    Attributes:
        info: size as shown (after rotation), number of frames and rate.
        times: seconds of every frame since the first, float64 (num_frames,).
        flags: what a reader should know: "variable frame rate", "alpha composited on black" ...

    Raises:
        ClipError: on entering or while reading; the message begins with `name`.
    """

    info: ClipInfo
    flags: tuple[str, ...]

    def __init__(self, path: Path, name: str | None = None, limits: Limits | None = None) -> None:
        self.path = path
        self.name = name if name is not None else path.name
        self.limits = limits if limits is not None else Limits()
        self.scan: PacketScan = scan_packets(path, self.name, self.limits)
        self.times = self.scan.times
        self._reformatter = VideoReformatter()

    def __enter__(self) -> ClipReader:
        self._container = open_container(self.path, self.name)
        try:
            self._decoded = self._decode()
            self._first, self.flags = self._look(next(self._decoded))
        except BaseException:
            self._container.close()
            raise
        height, width = self._first.shape[:2]
        fps = _tagged_rate(self._container.metadata, self.scan.fps)
        self.info = ClipInfo(self.name, self.scan.count, height, width, fps)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._decoded.close()
        self._container.close()

    def frames(self) -> Iterator[Frames]:
        """Every frame once, uint8 (H, W, 3), RGB."""
        yield self._first
        count = 1
        for image in self._decoded:
            frame = self._rgb(image)
            if frame.shape != self._first.shape:
                raise ClipError(
                    f"{self.name}: the frame size changes from {_size(self._first)} to {_size(frame)} "
                    f"at frame {count}; split the file there"
                )
            count += 1
            yield frame

    def chunks(self, size: int = CHUNK) -> Iterator[Frames]:
        """Every frame once in chunks, uint8 (N <= size, H, W, 3), RGB; each chunk is a fresh array."""
        if size < 1:
            raise ValueError(f"a chunk holds at least one frame, got size {size}")
        waiting: list[Frames] = []
        for frame in self.frames():
            waiting.append(frame)
            if len(waiting) == size:
                yield np.stack(waiting)
                waiting.clear()
        if waiting:
            yield np.stack(waiting)

    def _decode(self) -> Generator[VideoFrame, None, None]:
        """Decoded frames; raises when the file breaks or holds another number of frames than it says."""
        stream = video_stream(self._container, self.name)
        decoder = _decoder(stream)
        decoder.thread_count = 1
        decoder.options = {
            "max_pixels": str(self.limits.max_side**2),
            "err_detect": "crccheck+explode",  # else damage is painted over in silence
        }
        count = 0
        for packet in self._container.demux(stream):
            try:
                images = decoder.decode(packet if packet.size else None)
            except av.FFmpegError as error:
                raise self._broken(count, str(error.strerror)) from None
            for image in images:
                if image.is_corrupt:
                    raise self._broken(count, "a damaged frame")
                yield image
                count += 1
        if count == 0:
            raise ClipError(f"{self.name}: no frame of the video could be decoded")
        if count != self.scan.count:
            raise self._broken(count, "the rest is missing")

    def _broken(self, count: int, why: str) -> ClipError:
        return ClipError(
            f"{self.name}: truncated or damaged: {count} of {self.scan.count} frames could be read ({why})"
        )

    def _look(self, image: VideoFrame) -> tuple[Frames, tuple[str, ...]]:
        """The first frame, checked against the limits, and what is special about the clip."""
        self._turns = round(image.rotation / 90) % 4
        self._alpha = _has_alpha(image)
        self.limits.check_size(self.name, image.height, image.width, self.scan.count)
        flags = []
        if self.scan.variable:
            flags.append("variable frame rate")
        if self._turns:
            flags.append(f"rotated by {90 * self._turns} degrees")
        if self._alpha:
            flags.append("alpha composited on black")
        depth = max(component.bits for component in image.format.components)
        if depth > 8:
            flags.append(f"{depth} bits reduced to 8")
        if getattr(image.color_trc, "name", "") in _HDR:
            flags.append("high dynamic range without tone mapping")
        return self._rgb(image), tuple(flags)

    def _rgb(self, image: VideoFrame) -> Frames:
        """One frame as shown, uint8 (H, W, 3)."""
        self.limits.check_size(self.name, image.height, image.width, self.scan.count)
        kind = "rgba" if self._alpha else "rgb24"
        shown = self._reformatter.reformat(image, format=kind, interpolation=_SCALER, threads=1)
        frame = np.asarray(shown.to_ndarray(), np.uint8)
        if self._alpha:
            frame = _on_black(frame)
        return np.ascontiguousarray(np.rot90(frame, self._turns)) if self._turns else frame


def _decoder(stream: Any) -> Any:
    """The decoder of a stream; of VP8 and VP9 with alpha the one that does not leave it out."""
    name = _ALPHA_DECODERS.get(stream.codec_context.name)
    if name is None or stream.metadata.get("alpha_mode") != "1":
        return stream.codec_context
    return av.CodecContext.create(name, "r")


def _has_alpha(image: VideoFrame) -> bool:
    return image.format.name == "pal8" or any(component.is_alpha for component in image.format.components)


def _on_black(frame: Frames) -> Frames:
    """Composite uint8 (H, W, 4) straight alpha on black, rounded to nearest."""
    alpha = frame[..., 3:].astype(np.uint16)
    if bool((alpha == 255).all()):
        return np.ascontiguousarray(frame[..., :3])
    return ((frame[..., :3] * alpha + 127) // 255).astype(np.uint8)


def _tagged_rate(metadata: dict[str, str], fps: float | None) -> float | None:
    """The exact rate of a lossless file of ours, else what the container gave."""
    tag = metadata.get(FPS_TAG)
    if tag is None:
        return fps
    return None if tag == "none" else float(tag)


def _size(frame: Frames) -> str:
    return f"{frame.shape[1]}x{frame.shape[0]}"


def chunk_frames(height: int, width: int) -> int:
    """How many frames of a size are pushed at a time: CHUNK, or fewer of large ones, at least one."""
    return max(1, min(CHUNK, CHUNK_BYTES // (height * width * 3)))


def probe(path: Path, name: str | None = None, limits: Limits | None = None) -> ClipInfo:
    """What is known of a clip from its packets and its first frame.

    Raises:
        ClipError: no readable video, truncated, or above a limit; the message begins with the name.
    """
    with ClipReader(path, name, limits) as reader:
        return reader.info


def read_chunks(
    path: Path, size: int = CHUNK, limits: Limits | None = None, name: str | None = None
) -> Iterator[Frames]:
    """Every frame in chunks, uint8 (N <= size, H, W, 3), RGB, with bounded memory.

    Raises:
        ClipError: as `probe`, and while reading when the file breaks.
    """
    with ClipReader(path, name, limits) as reader:
        yield from reader.chunks(size)


def read_clip(path: Path, name: str | None = None, limits: Limits | None = None) -> Clip:
    """The whole clip in memory.

    Raises:
        ClipError: as `read_chunks`, or the clip is larger than `limits.max_clip_bytes`.
    """
    with ClipReader(path, name, limits) as reader:
        info: Any = reader.info
        needed = info.num_frames * info.height * info.width * 3
        if needed > reader.limits.max_clip_bytes:
            raise ClipError(
                f"{reader.name}: {needed} bytes of frames do not fit max_clip_bytes = "
                f"{reader.limits.max_clip_bytes}; read it in chunks"
            )
        frames = np.empty((info.num_frames, info.height, info.width, 3), np.uint8)
        for index, frame in enumerate(reader.frames()):
            frames[index] = frame
        return Clip(frames, info.fps)
