"""The pass over a file's packets: how many frames, when, at which rate, and whether some are missing.

Nothing is decoded here, so the pass costs little more than reading the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from vbench_lite.errors import ClipError
from vbench_lite.video.truncation import ends_early

# Demuxers of single media files. Playlists (hls, concat, dash) are left out: they open other files
# and addresses, so that a text file named .mp4 could make this machine fetch anything.
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,apng,mpegts,mpeg,mpegvideo,flv,ogg,asf,mxf,nut,ivf,"
    "h264,hevc,obu,av1,m4v,yuv4mpegpipe,mjpeg,dv,webp"
)
_CLOCK = re.compile(r"\d+:\d+:[\d.]+")
_MOST_OF = 0.9  # of a file lies before the end of its last frame; behind it are sound and an index
_JITTER = 0.05  # a rate is variable if intervals differ by more than this part of the mean


@dataclass(frozen=True)
class Limits:
    """What a clip may be, so that a hostile file cannot take the machine's memory or time.

    Attributes:
        max_side: pixels of a side.
        max_frames: frames of a clip.
        max_pixels: frames x height x width.
        max_clip_bytes: bytes of a clip that is held whole (`read_clip`).
    """

    max_side: int = 8192
    max_frames: int = 100_000
    max_pixels: int = 10**11
    max_clip_bytes: int = 2**32

    def check_size(self, name: str, height: int, width: int, num_frames: int) -> None:
        """Raise ClipError, naming the limit, if a clip of this size is above one."""
        if max(height, width) > self.max_side:
            raise ClipError(f"{name}: {width}x{height} pixels, above the limit max_side = {self.max_side}")
        pixels = height * width * num_frames
        if pixels > self.max_pixels:
            raise ClipError(
                f"{name}: {num_frames} frames of {width}x{height} are {pixels} pixels, "
                f"above the limit max_pixels = {self.max_pixels}"
            )


@dataclass(frozen=True)
class PacketScan:
    """What the packets say.

    Attributes:
        count: frames that decoding should give.
        times: seconds of every frame since the first, float64 (count,), in order of showing.
        fps: stated rate, or the average of a variable one; None if nobody says.
        variable: whether frames are unevenly spaced.
    """

    count: int
    times: npt.NDArray[np.float64]
    fps: float | None
    variable: bool


def open_container(path: Path, name: str, **options: str) -> Any:
    """Open a media file for reading; only the file itself is opened, whatever its content asks for.

    Raises:
        ClipError: missing, empty, no regular file, or no format that can be read.
    """
    try:
        if not path.is_file():
            raise ClipError(f"{name}: no such file" if not path.exists() else f"{name}: no regular file")
        if path.stat().st_size == 0:
            raise ClipError(f"{name}: the file is empty (0 bytes)")
        guards = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
        return av.open(str(path.absolute()), container_options=guards | options, metadata_errors="replace")
    except UnicodeEncodeError:
        raise ClipError(f"{name}: the file's name is not UTF-8; rename it") from None
    except (av.FFmpegError, OSError) as error:
        raise ClipError(f"{name}: not a readable video ({error.strerror or error})") from None


def video_stream(container: Any, name: str) -> Any:
    """The first video stream that is no cover picture; raises ClipError if none can be decoded."""
    for stream in container.streams.video:
        if "attached_pic" not in str(stream.disposition):
            if stream.codec_context is None:
                raise ClipError(f"{name}: no decoder is known for its video stream")
            return stream
    raise ClipError(f"{name}: the file has no video stream")


def scan_packets(path: Path, name: str, limits: Limits) -> PacketScan:
    """Walk over the packets of a file.

    Raises:
        ClipError: no readable video, more frames than `limits.max_frames`, or fewer than the file says.
    """
    with open_container(path, name) as container:
        stream = video_stream(container, name)
        declared = stream.frames
        if declared > limits.max_frames:
            raise ClipError(f"{name}: {declared} frames, above the limit max_frames = {limits.max_frames}")
        stamps, broken, end = _walk(container, stream, name, limits)
        base, stated = stream.time_base, stream.average_rate
        # GIF states neither; its demuxer reports what it found.
        is_gif = container.format.name == "gif"
        duration = None if is_gif else _duration(container, stream)
        tagged = _tagged_duration(stream)
    if not stamps and not broken:
        raise ClipError(f"{name}: the video stream has no frames")
    missing = broken
    if declared > len(stamps):  # an edit list may hide frames on purpose; count without it to be sure
        missing = max(missing, declared - _count_all(path, name))
    if missing:
        whole = max(declared, len(stamps) + missing)
        raise ClipError(f"{name}: truncated: {whole - missing} of {whole} frames could be read")
    scan = _timeline(stamps, base, stated)
    if (declared == 0 or is_gif) and ends_early(path):
        _check_duration(name, scan, duration)
    elif tagged is not None and scan.count > 1 and end < _MOST_OF * path.stat().st_size:
        _check_duration(name, scan, tagged)  # damage in the structure ends the walk without an error
    return scan


def _walk(container: Any, stream: Any, name: str, limits: Limits) -> tuple[list[int | None], int, int]:
    """Timestamps of packets that show a frame, how many are damaged, where in the file the last ends."""
    stamps: list[int | None] = []
    broken = end = 0
    try:
        for packet in container.demux(stream):
            if packet.size == 0 or packet.is_discard or _is_hidden(stream, packet):
                continue
            if packet.is_corrupt:
                broken += 1
                continue
            stamps.append(packet.pts if packet.pts is not None else packet.dts)
            end = max(end, (packet.pos or 0) + packet.size)
            if len(stamps) > limits.max_frames:
                raise ClipError(f"{name}: more frames than the limit max_frames = {limits.max_frames}")
    except av.FFmpegError:
        broken += 1
    return stamps, broken, end


def _is_hidden(stream: Any, packet: Any) -> bool:
    """VP8 stores frames that are only referred to as packets of their own (RFC 6386, 9.1)."""
    return stream.codec_context.name in ("vp8", "libvpx") and not bytes(packet)[0] & 0x10


def _count_all(path: Path, name: str) -> int:
    """Packets that are really in the file, those hidden by an edit list included."""
    count = 0
    with open_container(path, name, ignore_editlist="1") as container:
        try:
            for packet in container.demux(video_stream(container, name)):
                count += not packet.is_corrupt and packet.dts is not None
        except av.FFmpegError:
            return count
    return count


def _duration(container: Any, stream: Any) -> float | None:
    """Seconds that the file says the video lasts: of the stream if it says so, else of the file."""
    tagged = _tagged_duration(stream)
    if tagged is not None:
        return tagged
    return container.duration / av.time_base if container.duration else None


def _tagged_duration(stream: Any) -> float | None:
    """Seconds that a Matroska file says its video lasts, apart from its sound."""
    tag = stream.metadata.get("DURATION")  # hours:minutes:seconds
    if tag is None or not _CLOCK.fullmatch(tag):
        return None
    hours, minutes, seconds = tag.split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


def _check_duration(name: str, scan: PacketScan, duration: float | None) -> None:
    """Of a file cut short, tell whether frames are missing or only the index at its end."""
    if duration is None or scan.count < 2:
        raise ClipError(f"{name}: truncated: the file breaks off after {scan.count} frames")
    gap = float(scan.times[-1]) / (scan.count - 1)
    missing = round(duration / gap) - scan.count
    if missing > 0:
        whole = scan.count + missing
        raise ClipError(f"{name}: truncated: {scan.count} of {whole} frames could be read")


def _timeline(stamps: list[int | None], base: Any, stated: Any) -> PacketScan:
    """Order timestamps and settle the rate."""
    rate = float(stated) if stated else None
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) < len(stamps) or len(known) < 2 or base is None:
        times = np.arange(len(stamps), dtype=np.float64) / (rate or 1.0)
        return PacketScan(len(stamps), times, rate, variable=False)
    ticks = np.sort(np.asarray(known, np.int64))
    gaps, tick = np.diff(ticks), float(base)
    span = float(ticks[-1] - ticks[0]) * tick
    variable = int(gaps.max() - gaps.min()) > max(2.0, _JITTER * float(gaps.mean()))
    if variable or rate is None:
        rate = (len(ticks) - 1) / span if span > 0 else rate
    return PacketScan(len(ticks), (ticks - ticks[0]) * tick, rate, variable)
