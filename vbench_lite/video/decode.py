"""Reading clips: every container that PyAV reads, in chunks, or an error that names the file.

What a clip is, where files leave room:

- Frames are taken as stored: none is dropped or repeated for a variable rate. When each is on show is
  said by its timestamp (`timeline.py`); a variable rate is flagged, and `fps` is then the average.
- Pictures become RGB as published tools read them (`pixels.py`). The display matrix is applied, to the
  nearest of its eight cases. Alpha is composited on black. More than 8 bits are reduced to 8. Pixels are
  never made square, and interlaced frames stay interlaced.
- A file that breaks before its end is an error, never a shorter clip. Where a format cannot say, the clip
  is flagged.

A pass over the packets, without decoding, comes first: it gives count and timestamps, and finds most
truncated files before any frame is scored.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame

from vbench_lite.clip import Clip, ClipInfo, Frames
from vbench_lite.errors import ClipError
from vbench_lite.video.encode import write_lossless as write_lossless
from vbench_lite.video.encode import write_preview as write_preview
from vbench_lite.video.images import image_files
from vbench_lite.video.packets import Limits as Limits
from vbench_lite.video.packets import PacketScan, open_container, scan_packets, video_stream
from vbench_lite.video.pixels import PictureConverter

DECODING = "bicubic-bgr24, shown by timestamps"  # part of what a clip is: changes with any pixel or time
CHUNK = 16  # frames pushed at a time
CHUNK_BYTES = 16 * 2**20  # fewer of large frames, so that a chunk stays about this small
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


class ClipReader:
    """One open clip: `info` and `flags` at once, then its frames, once, in order.

    Attributes:
        info: size as shown (after rotation), number of frames, rate, and times where they are uneven.
        times: seconds at which every frame comes on show, since the first, float64 (num_frames,).
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
        self._images = image_files(path, self.name, self.limits)
        self.scan: PacketScan = (
            scan_packets(path, self.name, self.limits) if self._images is None else self._images.scan
        )
        self.times = self.scan.times

    def __enter__(self) -> ClipReader:
        self._container = open_container(self.path, self.name) if self._images is None else None
        try:
            self._pictures = self._decode() if self._images is None else self._images.pictures()
            first = next(self._pictures)
            self._begin_with(first)
            self._check_size(first)
            self._converter = PictureConverter(first, self.name)
            self._first = self._converter.rgb(first)
        except BaseException:
            self._close()
            raise
        scan = self.scan
        variable = ("variable frame rate",) if scan.variable else ()
        self.flags = (*variable, *scan.flags, *self._converter.flags)
        height, width = self._first.shape[:2]
        times = None if scan.even else scan.edges
        self.info = ClipInfo(self.name, scan.count, height, width, scan.fps, times)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pictures.close()
        self._close()

    def frames(self) -> Iterator[Frames]:
        """Every frame once, uint8 (H, W, 3), RGB."""
        for index, frame in enumerate(self._shown()):
            for _ in range(self.scan.holds[index] if self.scan.holds is not None else 1):
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

    def _shown(self) -> Iterator[Frames]:
        """Each picture once, uint8 (H, W, 3), RGB."""
        yield self._first
        for index, picture in enumerate(self._pictures, start=1):
            self._check_size(picture)
            frame = self._converter.rgb(picture)
            if frame.shape != self._first.shape:
                raise ClipError(
                    f"{self.name}: the frame size changes from {_size(self._first)} to {_size(frame)} "
                    f"at frame {index}; split the file there"
                )
            yield frame

    def _decode(self) -> Generator[VideoFrame, None, None]:
        """Decoded pictures; raises when the file breaks or holds another number than it says."""
        stream = video_stream(self._container, self.name)
        decoder = _decoder(stream)
        make_strict(decoder, self.limits)
        assert self._container is not None
        count = 0
        opening = self.scan.opening
        for packet in islice(self._container.demux(stream), opening.skipped, None):
            if packet.size == 0 and packet.dts is not None:
                continue  # the picture before is shown once more
            if packet.is_corrupt:  # only before a join of two streams, or the scan had refused the file
                packet = _unmarked(packet)
            try:
                pictures = decoder.decode(packet if packet.size else None)
            except av.FFmpegError as error:
                if count == 0 and (opening.leading or opening.skipped):
                    continue  # the first pictures of a stream that was cut out of another may need more of it
                raise self._broken(count, str(error.strerror)) from None
            for picture in pictures:
                if picture.is_corrupt:
                    raise self._broken(count, "a damaged frame")
                if count == self.scan.pictures:  # readers have room for as many
                    raise ClipError(f"{self.name}: damaged: there are more frames than the {count} it says")
                yield picture
                count += 1
        if count == 0:
            raise ClipError(f"{self.name}: no frame of the video could be decoded")
        if count != self.scan.pictures:
            raise self._broken(count, "the rest is missing")

    def _begin_with(self, first: VideoFrame) -> None:
        """Leave out frames before the first picture that the decoder gave, if it may have dropped them."""
        opening = self.scan.opening
        if opening.leading and first.pts is not None and self.scan.holds is None:
            seconds = (first.pts - opening.start) * self.scan.tick
            lost = int(np.searchsorted(self.scan.times, seconds - self.scan.tick / 2))
            if 0 < lost <= opening.leading:
                self.scan = self.scan.starting_at(lost)
                self.times = self.scan.times

    def _broken(self, count: int, why: str) -> ClipError:
        return ClipError(
            f"{self.name}: truncated or damaged: {count} of {self.scan.pictures} frames could be read ({why})"
        )

    def _check_size(self, picture: VideoFrame) -> None:
        self.limits.check_size(self.name, picture.height, picture.width, self.scan.count)

    def _close(self) -> None:
        if self._container is not None:
            self._container.close()


def make_strict(decoder: Any, limits: Limits) -> None:
    """Have a decoder refuse damage and pictures above the limits; to be called before it is used."""
    decoder.thread_count = 1
    decoder.options = {
        "max_pixels": str(limits.max_side**2),
        "err_detect": "crccheck+explode",  # else damage is painted over in silence
    }


def _decoder(stream: Any) -> Any:
    """The decoder of a stream; of VP8 and VP9 with alpha the one that does not leave it out."""
    name = _ALPHA_DECODERS.get(stream.codec_context.name)
    if name is None or stream.metadata.get("alpha_mode") != "1":
        return stream.codec_context
    return av.CodecContext.create(name, "r")


def _unmarked(packet: Any) -> Any:
    """The packet without its mark of damage."""
    copy = av.Packet(bytes(packet))
    copy.pts, copy.dts, copy.time_base, copy.stream = packet.pts, packet.dts, packet.time_base, packet.stream
    return copy


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
        return Clip(frames, info.fps, info.times)
