"""The pass over a file's packets: how many frames, when, at which rate, and whether some are missing.

Nothing is decoded here, so the pass costs little more than reading the file.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from vbench_lite.errors import ClipError
from vbench_lite.video.encode import FPS_TAG, NO_RATE
from vbench_lite.video.limits import Limits
from vbench_lite.video.timeline import PacketScan, lay_out
from vbench_lite.video.truncation import Ending, ending
from vbench_lite.video.walk import walk_packets

__all__ = ["Limits", "PacketScan", "open_container", "scan_packets", "video_stream"]

# Demuxers of single media files. Playlists (hls, concat, dash) are left out: they open other files
# and addresses, so that a text file named .mp4 could make this machine fetch anything.
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,apng,mpegts,mpeg,mpegvideo,flv,ogg,asf,mxf,nut,ivf,"
    "h264,hevc,obu,av1,m4v,yuv4mpegpipe,mjpeg,dv"
)
_CLOCK = re.compile(r"\d+:\d+:[\d.]+")
_MOST_OF = 0.9  # of a file lies before the end of its last frame; behind it are sound and an index
_STILL = int(Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image)
_COUNTS_WHAT_IS_THERE = ("gif", "apng")  # their demuxers report what they found
NO_END = "the format does not say where a clip ends: a cut would not be noticed"
NO_END_MARK = "the end of the file is missing: its last frames may be, too"


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
        if not int(stream.disposition) & _STILL:
            if stream.codec_context is None:
                raise ClipError(f"{name}: no decoder is known for its video stream")
            return stream
    if container.streams.video:
        raise ClipError(f"{name}: the file has no video stream, only a cover picture")
    raise ClipError(f"{name}: the file has no video stream")


def scan_packets(path: Path, name: str, limits: Limits) -> PacketScan:
    """Walk over the packets of a file.

    Raises:
        ClipError: no readable video, more frames than `limits.max_frames`, or fewer than the file says.
    """
    with open_container(path, name) as container:
        stream = video_stream(container, name)
        declared, kind = stream.frames, container.format.name
        if declared > limits.max_frames:
            raise ClipError(f"{name}: {declared} frames, above the limit max_frames = {limits.max_frames}")
        walk = walk_packets(container, stream, name, limits)
        untimed = container.metadata.get(FPS_TAG) == NO_RATE
        rates = [] if untimed else _stated_rates(container, stream)
        tick = None if untimed else stream.time_base
        tagged = _tagged_duration(stream)
        duration = tagged
        if duration is None and container.duration:
            duration = container.duration / av.time_base
        others = sum(not int(other.disposition) & _STILL for other in container.streams.video) - 1
    if not walk.stamps and not walk.broken:
        raise ClipError(f"{name}: the video stream has no frames")
    end = ending(path)
    if kind == "avi" and end is Ending.WHOLE and not walk.broken and None not in walk.stamps:
        there = set(walk.stamps)  # AVI numbers its frames; a number without data shows the one before
        walk.empty = [slot for slot in range(declared) if slot not in there]
    scan = lay_out(walk.stamps, tick, rates, last=walk.last, empty=walk.empty)
    missing = walk.broken
    if declared > scan.count + walk.opening.skipped:  # an edit list may hide frames: count without it
        missing = max(missing, declared - _count_all(path, name))
    if missing:
        whole = max(declared, len(walk.stamps) + missing)
        raise ClipError(f"{name}: truncated: {whole - missing} of {whole} frames could be read")
    scan = replace(scan, opening=walk.opening).flagged(*walk.flags)
    if others:
        scan = scan.flagged(f"the first of {others + 1} video streams is read")
    if end is Ending.CUT:
        raise ClipError(f"{name}: truncated: the file breaks off after {scan.count} frames")
    if end is Ending.EARLY and (declared == 0 or kind in _COUNTS_WHAT_IS_THERE):
        finish = walk.finish
        if kind == "flv" and finish is not None:  # it states a length, not an end
            finish -= walk.begin or 0.0
        if kind != "ogg":  # whose duration is that of the last page that is there
            _check_duration(
                name, scan, None if kind in _COUNTS_WHAT_IS_THERE else duration, finish, scan.step
            )
        return scan.flagged(NO_END_MARK)
    if tagged is not None and scan.count > 1 and walk.end < _MOST_OF * path.stat().st_size:
        step = scan.step or ((walk.finish or 0.0) - (walk.begin or 0.0)) / scan.count  # a clip without a rate
        _check_duration(name, scan, tagged, walk.finish, step)  # damage may end the walk without an error
    counted = declared > 0 and kind == "avi"
    return scan.flagged(NO_END) if end is Ending.SILENT and tagged is None and not counted else scan


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


def _stated_rates(container: Any, stream: Any) -> list[float]:
    """Rates that the file states, in order of trust: a lossless file of ours, the average, the least step."""
    rates = [float(rate) for rate in (stream.average_rate, stream.base_rate) if rate]
    with suppress(ValueError):
        rates.insert(0, float(container.metadata.get(FPS_TAG, "")))
    return [rate for rate in rates if 0 < rate < math.inf]


def _tagged_duration(stream: Any) -> float | None:
    """Seconds at which a Matroska file says its video ends, apart from its sound."""
    tag = stream.metadata.get("DURATION")  # hours:minutes:seconds
    if tag is None or not _CLOCK.fullmatch(tag):
        return None
    hours, minutes, seconds = tag.split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


def _check_duration(
    name: str, scan: PacketScan, duration: float | None, finish: float | None, step: float | None
) -> None:
    """Of a file cut short, tell whether frames are missing or only the index at its end.

    Args:
        duration: seconds at which the file says it ends. finish: at which its last frame ends.
        step: seconds of a usual frame by the file's clock.
    """
    if duration is None or not step:
        raise ClipError(f"{name}: truncated: the file breaks off after {scan.count} frames")
    missing = round((duration - (float(scan.edges[-1]) if finish is None else finish)) / step)
    if missing > 0:
        whole = scan.count + missing
        raise ClipError(f"{name}: truncated: {scan.count} of {whole} frames could be read")
