"""Whether a file ends before its own headers say that it does, or does not say where it ends.

Read from the container's structure alone: sizes of outermost elements, end marks, and lengths in headers. A
file cut at a place where it could as well have ended is found by no reader; `SILENT` names the formats of
which that is true.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import BinaryIO

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_MXF_PARTITION = bytes.fromhex("060e2b34020501010d01020101")
_HEAD = 64 * 2**10
_TAIL = 128 * 2**10  # an Ogg page is at most 65,307 bytes
_UNKNOWN_SIZE = (0, 2**32 - 1)


class Ending(Enum):
    """What a file's structure says of its end."""

    WHOLE = "it ends where it says"
    EARLY = "it is shorter than it says"
    CUT = "it breaks off within a picture"
    SILENT = "it does not say where it ends"


def ending(path: Path) -> Ending:
    """Read a file's structure; no picture is decoded."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD)
        for begins, read in _FORMATS:
            if begins(head):
                return read(file, head, size)
    return Ending.SILENT


def _matroska(file: BinaryIO, head: bytes, size: int) -> Ending:
    """RFC 8794 and 9559: the segment states its size, or is a live stream."""
    length, at = _varint(head, len(_EBML))
    if length is None:
        return Ending.SILENT
    at += length
    if head[at : at + 4] != _SEGMENT:
        return Ending.SILENT
    length, at = _varint(head, at + 4)
    return Ending.SILENT if length is None else _held(at + length, size)


def _riff(file: BinaryIO, head: bytes, size: int) -> Ending:
    """AVI and WebP: one RIFF element after another (OpenDML), each with its size."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        element = file.read(8)
        length = int.from_bytes(element[4:], "little")
        if element[:4] != b"RIFF":
            break
        if length in _UNKNOWN_SIZE:
            return Ending.SILENT
        at += 8 + length + length % 2
    return _held(at - 1, size)  # writers leave out the byte that makes an odd size even


def _gif(file: BinaryIO, head: bytes, size: int) -> Ending:
    """The last byte is a trailer."""
    return _marked(_tail(file, size, 64).rstrip(b"\0").endswith(b"\x3b"))


def _png(file: BinaryIO, head: bytes, size: int) -> Ending:
    """APNG ends in the chunk IEND."""
    return _marked(b"IEND" in _tail(file, size, 64))


def _boxes(file: BinaryIO, head: bytes, size: int) -> Ending:
    """ISO/IEC 14496-12: top-level boxes state their sizes; fragments may stop after any of them."""
    at, kind, kinds = 0, b"", set[bytes]()
    while at + 8 <= size:
        file.seek(at)
        header = file.read(16)
        length, kind = int.from_bytes(header[:4], "big"), header[4:8]
        kinds.add(kind)
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length == 0:  # to the end of the file, wherever that is
            return Ending.WHOLE if b"moov" in kinds and b"moof" not in kinds else Ending.SILENT
        if length < 8:
            return Ending.EARLY
        at += length
    if at != size:
        return Ending.CUT if b"moof" in kinds and kind in (b"moof", b"mdat") else Ending.EARLY
    return Ending.SILENT if b"moof" in kinds and b"mfra" not in kinds else Ending.WHOLE


def _ogg(file: BinaryIO, head: bytes, size: int) -> Ending:
    """RFC 3533: the last page of a stream carries the flag 4; a page states its length."""
    tail = _tail(file, size, _TAIL)
    at = tail.rfind(b"OggS")
    if at < 0 or at + 27 > len(tail):
        return Ending.EARLY
    segments = tail[at + 26]
    table = tail[at + 27 : at + 27 + segments]
    return _marked(bool(tail[at + 5] & 4) and at + 27 + segments + sum(table) <= len(tail))


def _asf(file: BinaryIO, head: bytes, size: int) -> Ending:
    """The file properties object states the size of the file, unless it was broadcast."""
    at = head.find(_ASF_FILE_PROPERTIES)
    if at < 0 or at + 92 > len(head):
        return Ending.SILENT
    stated = int.from_bytes(head[at + 40 : at + 48], "little")
    broadcast = head[at + 88] & 1
    return Ending.SILENT if broadcast or stated == 0 else _held(stated, size)


def _mxf(file: BinaryIO, head: bytes, size: int) -> Ending:
    """SMPTE ST 377-1: a closed header says where the footer partition begins, whose items state sizes."""
    at = head.find(_MXF_PARTITION)
    footer = int.from_bytes(head[at + 44 : at + 52], "big")
    if footer == 0:
        return Ending.SILENT
    at = footer
    while at + 17 <= size:
        file.seek(at + 16)
        first, *more = file.read(9)
        width = first & 0x7F if first & 0x80 else 0  # the length in one byte, or in as many as it says
        length = int.from_bytes(bytes(more[:width]), "big") if width else first
        at += 17 + width + length
    return _marked(at == size and at > footer)


def _flash(file: BinaryIO, head: bytes, size: int) -> Ending:
    """The script tag at the beginning may state the size of the file."""
    at = head.find(b"filesize\0")
    stated = 0.0
    if at >= 0 and at + 17 <= len(head):
        import struct

        stated = float(struct.unpack(">d", head[at + 9 : at + 17])[0])
    return Ending.SILENT if not 0 < stated < 2**62 else _held(int(stated), size)


def _yuv4mpeg(file: BinaryIO, head: bytes, size: int) -> Ending:
    """Frames of one length, each behind a line; no more is said."""
    match = re.match(rb"YUV4MPEG2[^\n]* W(\d{1,6})[^\n]*\n", head)
    high = re.match(rb"YUV4MPEG2[^\n]* H(\d{1,6})[^\n]*\n", head)
    if match is None or high is None:
        return Ending.SILENT
    begin, (width, height) = match.end(), (int(match[1]), int(high[1]))
    kind = re.match(rb"YUV4MPEG2[^\n]* C(\w+)[^\n]*\n", head)
    name = kind[1].decode() if kind else "420"
    across, down = {"420": (2, 2), "422": (2, 1), "411": (4, 1), "444": (1, 1)}.get(name[:3], (0, 0))
    wide = re.search(r"p(9|1\d)$", name) or re.fullmatch(r"mono(9|1\d)", name)
    chroma = 2 * -(-width // across) * -(-height // down) if across else 0
    alpha = width * height if name == "444alpha" else 0
    line = head[begin : begin + 200].split(b"\n", 1)[0]
    frame = len(line) + 1 + (width * height + chroma + alpha) * (2 if wide else 1)
    return Ending.CUT if line[:5] == b"FRAME" and (size - begin) % frame else Ending.SILENT


def _program(file: BinaryIO, head: bytes, size: int) -> Ending:
    """ISO/IEC 13818-1: a program stream may end in a code."""
    return Ending.WHOLE if b"\x00\x00\x01\xb9" in _tail(file, size, 4) else Ending.SILENT


def _starts(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magic)


_FORMATS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO, bytes, int], Ending]], ...] = (
    (_starts(_EBML), _matroska),
    (_starts(b"RIFF"), _riff),
    (_starts(b"GIF8"), _gif),
    (_starts(b"\x89PNG"), _png),
    (lambda head: head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"), _boxes),
    (_starts(b"OggS"), _ogg),
    (_starts(_ASF_HEADER), _asf),
    (lambda head: head.find(_MXF_PARTITION) >= 0 and len(head) > head.find(_MXF_PARTITION) + 52, _mxf),
    (_starts(b"FLV"), _flash),
    (_starts(b"YUV4MPEG2"), _yuv4mpeg),
    (_starts(b"\x00\x00\x01\xba"), _program),
)


def _held(end: int, size: int) -> Ending:
    return Ending.EARLY if end > size else Ending.WHOLE


def _marked(found: bool) -> Ending:
    return Ending.WHOLE if found else Ending.EARLY


def _tail(file: BinaryIO, size: int, length: int) -> bytes:
    file.seek(max(0, size - length))
    return file.read(length)


def _varint(data: bytes, at: int) -> tuple[int | None, int]:
    """An EBML size at a place: (value, the place behind it); the value is None for "unknown"."""
    if at >= len(data) or data[at] == 0:
        return None, at
    width = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), at + width
