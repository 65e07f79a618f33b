"""Windows of a file, of the size and rate that are asked for.

A file becomes windows in this order:

- Rate: every k-th frame, k the whole number that brings the file's rate nearest to the asked one. No frame is
  ever repeated; a file whose rate is then more than a quarter off is left out.
- Window: consecutive kept frames of one recording; the next window begins half a window later.
- Size: the largest centred part of the asked aspect, reduced by area averaging. Nothing is ever enlarged; a
  file that is too small is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from vbench_lite.clip import Frames, is_uneven
from vbench_lite.dataset import ClipSize, RealClip
from vbench_lite.errors import ClipError, RequestError
from vbench_lite.video.decode import ClipReader
from vbench_lite.weights import model_folder

RATE_TOLERANCE = 0.25  # by which a file's rate, after every k-th frame, may differ from the asked one
_HELD_BYTES = 128 * 2**20  # of a recording's reduced frames that are kept, for its other windows

Side = Literal["real", "reference"]


@dataclass(frozen=True)
class Recording:
    """A file, or a part of one, and what is known of it.

    Attributes:
        name: names it in messages; its own within the data set.
        source: the recording that it is of; windows of one source never stand on both sides of the split.
        split: "real" (held out) or "reference"; None: by the rule above.
        first, last: frames of the file that belong to it, last excluded; None: all.
        crop: (top, left, height, width) in pixels that count, without the bars of a letterbox; None: all.
    """

    name: str
    path: Path
    source: str
    prompt: str | None = None
    tags: tuple[str, ...] = ()
    look_for: str = ""
    split: Side | None = None
    first: int = 0
    last: int | None = None
    crop: tuple[int, int, int, int] | None = None


@dataclass(frozen=True)
class Window(RealClip):
    """Some frames of a file: every `stride`-th from `start`; `span` is that of its recording."""

    name: str
    source: str
    prompt: str | None
    path: Path
    start: int
    stride: int
    size: ClipSize
    span: tuple[int, int] = (0, 0)
    crop: tuple[int, int, int, int] | None = None
    seed: int | None = field(default=None)

    def frames(self) -> Frames:
        places = range(self.start, self.start + self.size.num_frames * self.stride, self.stride)
        side = (self.size.height, self.size.width)
        first, last = self.span
        if (last - first) * side[0] * side[1] * 3 <= _HELD_BYTES:
            held = _read(self.path, file_stamp(self.path), range(first, last), side, self.crop)
            return np.ascontiguousarray(held[places.start - first : places[-1] + 1 - first : self.stride])
        return _read.__wrapped__(self.path, file_stamp(self.path), places, side, self.crop)


def cut(one: Recording, size: ClipSize) -> list[Window]:
    """The windows of a recording at a size; at least one.

    Raises:
        RequestError: it is too short, too small or too slow. ClipError: its file cannot be read.
    """
    starts, stride, last = _starts(one, size)
    hop = max(1, size.num_frames * stride // 2)
    return [_window(one, size, start, stride, last) for start in starts[::hop]]


def last_window(one: Recording, size: ClipSize) -> Window:
    """The window that ends with a recording; raises as `cut`."""
    starts, stride, last = _starts(one, size)
    return _window(one, size, starts[-1], stride, last)


def _window(one: Recording, size: ClipSize, start: int, stride: int, last: int) -> Window:
    name, span = f"{one.name}@{start}", (one.first, last)
    return Window(name, one.source, one.prompt, one.path, start, stride, size, span, one.crop)


def _starts(one: Recording, size: ClipSize) -> tuple[range, int, int]:
    """Frames at which a window can begin, the stride within it, and the end of the recording."""
    if not one.path.is_file():
        raise ClipError(f"{one.name}: no such file")
    count, fps, height, width = _measured(one.path, file_stamp(one.path), one.name)
    if one.crop is not None:
        height, width = one.crop[2:]
    _check_size(one.name, height, width, size)
    stride = 1 if fps is None else max(1, round(fps / size.fps))
    if fps is not None and abs(fps / stride / size.fps - 1) > RATE_TOLERANCE:
        raise RequestError(
            f"{one.name} has {fps:g} frames a second, which gives {fps / stride:g}; "
            f"{size.fps:g} are asked for"
        )
    last = count if one.last is None else min(one.last, count)
    spare = last - one.first - ((size.num_frames - 1) * stride + 1)
    if spare < 0:
        there = -(-max(0, last - one.first) // stride)
        raise RequestError(
            f"{one.name} is too short: {there} frames at {size.fps:g} a second, "
            f"{size.num_frames} are asked for"
        )
    return range(one.first, one.first + spare + 1), stride, last


def reduced(picture: Frames, name: str, size: ClipSize) -> Frames:
    """One picture, uint8 (H, W, 3), at the height and width of a size; raises RequestError if too small."""
    height, width = picture.shape[:2]
    _check_size(name, height, width, size)
    return _shown(picture, (size.height, size.width), None)


def _check_size(name: str, height: int, width: int, size: ClipSize) -> None:
    if height < size.height or width < size.width:
        raise RequestError(
            f"{name} is {width}x{height}, {size.width}x{size.height} is asked for, and real clips are "
            "never enlarged"
        )


# --- files ----------------------------------------------------------------------------------------


def file_sha256(path: Path) -> str:
    """Hash of a file; "missing" where there is none."""
    return model_folder.file_sha256(path) if path.is_file() else "missing"


def file_stamp(path: Path) -> tuple[int, int]:
    """Changes when the file does: what is remembered of it is forgotten then."""
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns


@lru_cache(maxsize=4096)
def _measured(path: Path, stamp: tuple[int, int], name: str) -> tuple[int, float | None, int, int]:
    """Frames, rate, height and width of a file."""
    with ClipReader(path, name) as reader:
        if is_uneven(reader.info.times):
            raise RequestError(f"{name} shows its frames for unlike times; write it at one rate")
        return reader.scan.count, reader.info.fps, reader.info.height, reader.info.width


@lru_cache(maxsize=4)  # windows of a recording are mostly read one after another
def _read(
    path: Path,
    stamp: tuple[int, int],
    places: range,
    side: tuple[int, int],
    crop: tuple[int, int, int, int] | None,
) -> Frames:
    """Some frames of a file at a size, uint8 (T, H, W, 3); it is read up to the last of them."""
    kept = []
    with ClipReader(path, path.name) as reader:
        for place, frame in enumerate(reader.frames()):
            if place in places:
                kept.append(_shown(frame, side, crop))
            if place == places[-1]:
                break
    return np.stack(kept)


def _shown(frame: Frames, side: tuple[int, int], crop: tuple[int, int, int, int] | None) -> Frames:
    """The largest centred part of the wanted aspect, reduced by area averaging, uint8 (H, W, 3)."""
    if crop is not None:
        top, left, tall, wide = crop
        frame = frame[top : top + tall, left : left + wide]
    height, width = frame.shape[:2]
    ratio = min(height / side[0], width / side[1])
    tall, wide = min(height, round(side[0] * ratio)), min(width, round(side[1] * ratio))
    top, left = (height - tall) // 2, (width - wide) // 2
    part = np.ascontiguousarray(frame[top : top + tall, left : left + wide])
    return np.asarray(cv2.resize(part, (side[1], side[0]), interpolation=cv2.INTER_AREA), np.uint8)
