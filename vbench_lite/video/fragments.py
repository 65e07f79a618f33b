"""A clip that arrives as fragmented MP4, decoded piece by piece while it comes.

A stream is a head (`ftyp`, `moov`) and then fragments (`moof`, `mdat`); see ISO/IEC 14496-12, 8.8. Each piece
is demultiplexed with the head before it, and its packets go to one decoder that lives as long as the stream,
so that pictures may refer to those of pieces before. Pixels, limits and refusals of damage are those of clips
in files (`decode.py`).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import av
import numpy as np

from vbench_lite.clip import Frames
from vbench_lite.errors import ClipError
from vbench_lite.video.decode import make_strict
from vbench_lite.video.limits import Limits
from vbench_lite.video.packets import video_stream
from vbench_lite.video.pixels import PictureConverter

_FRAGMENT = b"moof"
_LONG = 16  # bytes of a box's header whose size is of 64 bits
_SHORT = 8


class FragmentDecoder:
    """The decoder of one stream.

    Args:
        name: what errors call the stream.

    Attributes:
        num_frames: decoded so far.
    """

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        self._name, self._limits = name, limits or Limits()
        self._head = b""
        self._decoder: Any = None
        self._converter: PictureConverter | None = None
        self.num_frames = 0

    def feed(self, data: bytes) -> Frames | None:
        """The frames, uint8 (T, H, W, 3), that a piece of the stream completes; None if none.

        Raises:
            ClipError: the piece is no MP4, is cut short, breaks while it is decoded, or is above a limit.
        """
        boxes = list(self._boxes(data))
        fragment = next((start for start, kind in boxes if kind == _FRAGMENT), None)
        if fragment is None:
            if self._decoder is None:
                self._head += data
            return None  # a head, or an index behind the last fragment
        if self._decoder is None:
            self._head += data[:fragment]
        return self._stacked(self._pictures(self._head + data[fragment:]))

    def end(self) -> Frames | None:
        """The frames that the decoder still holds at the end of the stream; None if none."""
        if self._decoder is None:
            return None
        return self._stacked(self._decode(None))

    def _boxes(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Start and kind of each box of a piece, which has to end with one."""
        start = 0
        while start < len(data):
            size, kind = int.from_bytes(data[start : start + 4]), data[start + 4 : start + _SHORT]
            header = _SHORT
            if size == 1:
                size, header = int.from_bytes(data[start + _SHORT : start + _LONG]), _LONG
            if size < header or len(kind) < 4 or start + size > len(data):
                raise ClipError(f"{self._name}: a piece is no whole fragmented MP4, or is cut short")
            yield start, kind
            start += size

    def _pictures(self, data: bytes) -> Iterator[Any]:
        try:
            with av.open(io.BytesIO(data), "r", format="mp4", metadata_errors="replace") as container:
                stream = video_stream(container, self._name)
                if self._decoder is None:
                    self._decoder = av.CodecContext.create(stream.codec_context.name, "r")
                    self._decoder.extradata = stream.codec_context.extradata
                    make_strict(self._decoder, self._limits)
                for packet in container.demux(stream):
                    if packet.size:
                        yield from self._decode(packet)
        except av.FFmpegError as error:
            raise self._broken(str(error.strerror)) from None

    def _decode(self, packet: Any) -> Iterator[Any]:
        try:
            for picture in self._decoder.decode(packet):
                if picture.is_corrupt:
                    raise self._broken("a damaged frame")
                yield picture
        except av.FFmpegError as error:
            raise self._broken(str(error.strerror)) from None

    def _stacked(self, pictures: Iterator[Any]) -> Frames | None:
        frames: list[Frames] = []
        for picture in pictures:
            self._limits.check_size(self._name, picture.height, picture.width, self.num_frames + 1)
            if self.num_frames >= self._limits.max_frames:
                raise ClipError(f"{self._name}: above the limit max_frames = {self._limits.max_frames}")
            if self._converter is None:
                self._converter = PictureConverter(picture, self._name)
            frames.append(self._converter.rgb(picture))
            if frames[0].shape != frames[-1].shape:
                raise ClipError(f"{self._name}: the frame size changes at frame {self.num_frames}")
            self.num_frames += 1
        return np.stack(frames) if frames else None

    def _broken(self, why: str) -> ClipError:
        return ClipError(f"{self._name}: damaged after {self.num_frames} frames ({why})")
