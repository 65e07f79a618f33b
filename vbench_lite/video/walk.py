"""One walk over the packets of a video stream: which show a picture, when, and how the stream begins.

Streams that were cut or joined without a container's index (MPEG, FLV, raw codecs) are read as players read
them: from the first key frame on, and one part behind the other where their clock starts again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import av

from vbench_lite.errors import ClipError
from vbench_lite.video.limits import Limits
from vbench_lite.video.timeline import Opening

_STREAMS = frozenset(("mpegts", "mpeg", "mpegvideo", "h264", "hevc", "obu", "flv"))  # may begin anywhere
_JUMP_S = 10.0  # a clock that leaps by more starts again, as for FFmpeg (dts_delta_threshold)
_NEAR = 2  # packets before a join that its lost headers may mark as damaged


@dataclass
class Walk:
    """What the packets of a stream say.

    Attributes:
        stamps: timestamps of packets that show a picture, in ticks; None where one has none.
        empty: timestamps of packets without data: the picture before is shown once more.
        last: ticks that the packet shown last stands; None if it does not say.
        begin, finish: seconds at which the first of them comes on show and the last ends, by the file's
            clock; None where no packet has a timestamp.
        broken: packets that are damaged.
        end: where in the file the last one ends.
        opening: how the stream begins.
        flags: what a reader should know.
    """

    stamps: list[int | None] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)
    last: int | None = None
    begin: float | None = None
    finish: float | None = None
    broken: int = 0
    end: int = 0
    opening: Opening = field(default_factory=Opening)
    flags: list[str] = field(default_factory=list)


def walk_packets(container: Any, stream: Any, name: str, limits: Limits) -> Walk:
    """Walk from the first packet of a stream to the last.

    Raises:
        ClipError: more frames than `limits.max_frames`.
    """
    walk, parts = Walk(), _Parts(container, stream)
    suspects: list[int] = []
    hidden: list[int] = []  # decoded and not shown, by an edit list
    key: int | None = None
    try:
        for packet in container.demux(stream):
            stamp = packet.pts if packet.pts is not None else packet.dts
            if packet.size == 0:
                walk.empty += [] if stamp is None else [stamp]
                continue
            if packet.is_discard or _is_hidden(stream, packet):
                hidden += [stamp] if packet.is_discard and stamp is not None else []
                continue
            place = len(walk.stamps)
            if packet.is_corrupt:
                suspects.append(place)
            if packet.is_keyframe and key is None:
                key = place
            walk.stamps.append(stamp)
            parts.take(place, packet)
            walk.end = max(walk.end, (packet.pos or 0) + packet.size)
            if place + len(walk.empty) >= limits.max_frames:
                raise ClipError(f"{name}: more frames than the limit max_frames = {limits.max_frames}")
    except av.FFmpegError:
        walk.broken += 1
    for place in reversed(suspects):
        if not any(0 < at - place <= _NEAR for at in parts.starts):
            walk.broken += 1
            del walk.stamps[place]
    parts.lay_end_to_end(walk)
    skipped = key if key is not None and parts.may_begin_anywhere else 0
    if skipped:
        walk.stamps = walk.stamps[skipped:]
        walk.flags.append(f"{skipped} frame(s) before the first key frame cannot be shown")
    known = [stamp for stamp in walk.stamps if stamp is not None]
    if known and stream.time_base is not None:
        walk.begin = float(min(known) * stream.time_base)
        walk.finish = float((max(known) + (parts.last or 0)) * stream.time_base)
        leading = sum(stamp < known[0] for stamp in [*known, *hidden])
        walk.opening = Opening(skipped, min(known), leading)
    walk.last = parts.last
    return walk


class _Parts:
    """Finds where the clock of a stream starts again.

    Attributes:
        starts: places of the first packet of each further part.
        last: ticks that the packet shown last stands; None if it does not say.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        self.may_begin_anywhere = container.format.name in _STREAMS
        self.starts: list[int] = []
        self.last: int | None = None
        self._latest: int | None = None
        self._clock: int | None = None
        self._jump = _JUMP_S / float(stream.time_base) if stream.time_base else 0.0

    def take(self, place: int, packet: Any) -> None:
        """Look at the next packet."""
        known = packet.dts is not None and self._clock is not None
        if self.may_begin_anywhere and known and not 0 <= packet.dts - self._clock <= self._jump:
            self.starts.append(place)
            self._latest = None
        self._clock = packet.dts if packet.dts is not None else self._clock
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and (self._latest is None or stamp >= self._latest):
            self._latest, self.last = stamp, packet.duration

    def lay_end_to_end(self, walk: Walk) -> None:
        """Let each part begin where the one before it ends."""
        if not self.starts or walk.broken or None in walk.stamps:
            return
        known = [stamp for stamp in walk.stamps if stamp is not None]
        borders = [0, *self.starts, len(known)]
        parts = [known[a:b] for a, b in pairwise(borders) if b > a]
        joined: list[int | None] = list(parts[0])
        end = max(parts[0])
        for before, part in pairwise(parts):
            step = (max(before) - min(before)) // max(1, len(before) - 1) or int(self.last or 1)
            offset = end + step - min(part)
            joined += [stamp + offset for stamp in part]
            end = max(part) + offset
        walk.stamps = joined
        walk.flags.append(f"{len(parts)} parts are joined: their clocks start again")


def _is_hidden(stream: Any, packet: Any) -> bool:
    """VP8 stores frames that are only referred to as packets of their own (RFC 6386, 9.1)."""
    return stream.codec_context.name in ("vp8", "libvpx") and not bytes(packet)[0] & 0x10
