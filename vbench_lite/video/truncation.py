"""Whether a file ends before its own headers say that it does.

Matroska (RFC 8794 and 9559) and RIFF state the size of their outermost element, and GIF ends in a
trailer byte. Formats that state a frame count (MP4, MOV) need none of this; broadcast streams say
nothing, and only their decoder can notice.
"""

from __future__ import annotations

from pathlib import Path

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_GIF_TRAILER = b"\x3b"


def ends_early(path: Path) -> bool:
    """True if the file is shorter than it states; False if it is whole, or states nothing."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4096)
        if head.startswith(_EBML):
            end = _segment_end(head)
            return end is not None and end > size
        if head.startswith(b"RIFF"):
            return 8 + int.from_bytes(head[4:8], "little") > size
        if head.startswith(b"GIF8"):
            file.seek(max(0, size - 64))
            return not file.read().rstrip(b"\0").endswith(_GIF_TRAILER)
    return False


def _segment_end(head: bytes) -> int | None:
    """Where the Matroska segment ends, in bytes; None for a live stream of unknown size."""
    length, at = _varint(head, len(_EBML))
    if length is None:
        return None
    at += length
    if head[at : at + 4] != _SEGMENT:
        return None
    length, at = _varint(head, at + 4)
    return None if length is None else at + length


def _varint(data: bytes, at: int) -> tuple[int | None, int]:
    """An EBML size at a place: (value, the place behind it); the value is None for "unknown"."""
    if at >= len(data) or data[at] == 0:
        return None, at
    width = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), at + width
