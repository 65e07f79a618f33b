"""Data sets of real clips in files: windows of the size and rate that are asked for, by stated rules.

A file becomes windows in this order:

- Rate: every k-th frame, k the whole number that brings the file's rate nearest to the asked one. No frame is
  ever repeated; a file whose rate is then more than a quarter off is left out.
- Window: consecutive kept frames of one recording; the next window begins half a window later.
- Size: the largest centred part of the asked aspect, reduced by area averaging. Nothing is ever enlarged; a
  file that is too small is left out.

Recordings are held out (prompts, the control `real`, given frames) or serve as reference, never both. Where
no split is stated, those without a caption are the reference; where all or none have one, every third is, in
the order of a hash of their names.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from vbench_lite.clip import Frames, is_uneven
from vbench_lite.dataset import ClipSize, Dataset, DatasetInfo, Draw, Gives, Prompt, RealClip, with_ids
from vbench_lite.errors import ClipError, DatasetError, PromptError, RequestError
from vbench_lite.video.decode import ClipReader

RATE_TOLERANCE = 0.25  # by which a file's rate, after every k-th frame, may differ from the asked one
REFERENCE_SHARE = 3  # of recordings without a stated split, every so many-th is reference
_HELD_BYTES = 128 * 2**20  # of a recording's reduced frames that are kept, for its other windows
_VERSION = 1

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
            held = _read(self.path, _stamp(self.path), range(first, last), side, self.crop)
            return np.ascontiguousarray(held[places.start - first : places[-1] + 1 - first : self.stride])
        return _read.__wrapped__(self.path, _stamp(self.path), places, side, self.crop)


class RealClips(Dataset):
    """A data set over recordings; subclasses say where they come from.

    Args:
        facts: name, license and summary.
        faults: what was wrong with the list that the recordings come from, one line each.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        *,
        name: str,
        license: str,
        summary: str,
        faults: Sequence[str] = (),
    ) -> None:
        self.name, self.license, self.summary = name, license, summary
        self.faults = list(faults)
        self.recordings = self._with_splits(recordings)
        self.held_out = [one for one in self.recordings if one.split == "real"]
        self.others = [one for one in self.recordings if one.split == "reference"]
        self._by_prompt: dict[str, Recording] = {}
        for one in self.held_out:
            if one.prompt is not None and self._by_prompt.setdefault(one.prompt, one) is not one:
                first = self._by_prompt[one.prompt].name
                self.faults.append(f"{one.name}: its caption is that of {first} already, whose clips count")

    @cached_property
    def info(self) -> DatasetInfo:
        gives, lacks = {Gives.REAL, Gives.FIRST_FRAMES, Gives.PAST_FRAMES}, {}
        if self._by_prompt:
            gives.add(Gives.CAPTIONS)
        else:
            lacks[Gives.CAPTIONS] = "its clips have no captions; a manifest can give them (column prompt)"
        why = self._no_reference()
        if why is None:
            gives.add(Gives.REFERENCE)
        else:
            lacks[Gives.REFERENCE] = why
        lacks[Gives.EDITS] = "nobody knows real clips of edited captions"
        return DatasetInfo(
            name=self.name,
            version=_VERSION,
            license=self.license,
            summary=self.summary,
            vocabulary="open",
            gives=frozenset(gives),
            lacks=lacks,
            content=self._content(),
        )

    def prompts(self, draw: Draw) -> list[Prompt]:
        if draw.split is not None:
            raise DatasetError(f"data set {self.name} has no split {draw.split!r}: it has one part")
        if not self._by_prompt:
            raise DatasetError(f"data set {self.name}: {self.info.lacks[Gives.CAPTIONS]}")
        by_source: dict[str, list[Recording]] = defaultdict(list)
        order = np.random.default_rng([draw.seed, 0xC119]).permutation(len(self._by_prompt))
        everyone = list(self._by_prompt.values())
        for one in (everyone[place] for place in order):
            if not draw.tags or set(draw.tags) & set(one.tags):
                by_source[one.source].append(one)
        if not by_source:
            raise DatasetError(f"data set {self.name} has no caption with the tag {' or '.join(draw.tags)}")
        rounds = zip_longest(*by_source.values())  # one of each source in turn, so that few show many sources
        drawn = [one for some in rounds for one in some if one is not None][: draw.count]
        return [
            replace(prompt, tags=one.tags, look_for=one.look_for)
            for prompt, one in zip(with_ids([str(one.prompt) for one in drawn]), drawn, strict=True)
        ]

    def has(self, prompt: str) -> bool:
        return prompt in self._by_prompt

    def real(self, prompt: str | None, seed: int, size: ClipSize) -> RealClip:
        if prompt is None:
            windows = self._windows(self.held_out, size)
            if not windows:
                raise RequestError(
                    f"data set {self.name} has no clip of {size}: {self._why(self.held_out, size)}"
                )
        else:
            one = self._by_prompt.get(prompt)
            if one is None:
                raise PromptError(f"data set {self.name} has no clip of {prompt!r}")
            windows = cut(one, size)
        return windows[seed % len(windows)]

    def reference(self, draw: Draw, size: ClipSize) -> Sequence[RealClip]:
        why = self._no_reference()
        if why is not None:
            raise DatasetError(f"data set {self.name} gives no reference: {why}")
        windows = self._windows(self.others, size)
        if len(windows) < 2:
            raise DatasetError(
                f"data set {self.name} gives no reference of {size}: {self._why(self.others, size)}"
            )
        order = np.random.default_rng([draw.seed, 0x12EF]).permutation(len(windows))
        return [windows[place] for place in order[: draw.count]]

    def remarks(self, size: ClipSize) -> Sequence[str]:
        lines = list(self.faults)
        for one in self.recordings:
            try:
                cut(one, size)
            except (RequestError, ClipError) as error:
                lines.append(str(error))
        return lines

    def facts(self) -> Mapping[str, Any]:
        return {
            "recordings": len(self.recordings),
            "sources": len({one.source for one in self.recordings}),
            "captions": len(self._by_prompt),
            "held_out": len(self.held_out),
            "reference": len(self.others),
            "faults": list(self.faults),
        }

    # --- inside ---------------------------------------------------------------------------------

    def _with_splits(self, recordings: Sequence[Recording]) -> list[Recording]:
        """Each with its side; of a source that stands on both, the reference part is left out."""
        stated: dict[str, Side | None] = {}
        for one in sorted(recordings, key=lambda one: one.split == "real"):  # held out where both are said
            if one.split is not None:
                stated[one.source] = one.split
        both = {one.source for one in recordings if one.split not in (None, stated.get(one.source))}
        self.faults += [
            f"source {name} stands on both sides of the split; it is held out" for name in sorted(both)
        ]
        captioned = {one.source for one in recordings if one.prompt is not None}
        free = sorted(
            {one.source for one in recordings} - stated.keys(),
            key=lambda name: hashlib.sha256(name.encode()).hexdigest(),
        )
        if not stated:
            bare = [name for name in free if name not in captioned]
            spare = bare if captioned and bare else free[REFERENCE_SHARE - 1 :: REFERENCE_SHARE] or free[1:]
            stated = dict.fromkeys(spare, "reference")
        sides: dict[str, Side | None] = {name: stated.get(name, "real") for name in (*stated, *free)}
        return [
            replace(one, split=sides[one.source])
            for one in recordings
            if not (one.split == "reference" and sides[one.source] == "real")
        ]

    def _no_reference(self) -> str | None:
        sources = {one.source for one in self.recordings}
        if len(sources) < 2:
            return "it has one source recording, and a reference shares none with held-out clips"
        return None if self.others else "no recording is left for it beside the held-out ones"

    def _windows(self, recordings: Sequence[Recording], size: ClipSize) -> list[Window]:
        found: list[Window] = []
        for one in recordings:
            try:
                found += cut(one, size)
            except (RequestError, ClipError):  # in `remarks`
                continue
        return found

    def _why(self, recordings: Sequence[Recording], size: ClipSize) -> str:
        for one in recordings:
            try:
                cut(one, size)
            except (RequestError, ClipError) as error:
                return str(error)
        return "it has one clip"

    def _content(self) -> str:
        digest = hashlib.sha256(f"{type(self).__name__}@{_VERSION}".encode())
        for one in sorted(self.recordings, key=lambda one: one.name):
            told = [
                one.name,
                one.source,
                one.prompt,
                one.tags,
                one.look_for,
                one.split,
                one.first,
                one.last,
                one.crop,
            ]
            digest.update(json.dumps(told).encode())
            digest.update((_sha256(one.path, _stamp(one.path)) if one.path.is_file() else "missing").encode())
        return digest.hexdigest()[:16]


def cut(one: Recording, size: ClipSize) -> list[Window]:
    """The windows of a recording at a size; at least one.

    Raises:
        RequestError: it is too short, too small or too slow. ClipError: its file cannot be read.
    """
    if not one.path.is_file():
        raise ClipError(f"{one.name}: no such file")
    count, fps, height, width = _measured(one.path, _stamp(one.path), one.name)
    if one.crop is not None:
        height, width = one.crop[2:]
    if height < size.height or width < size.width:
        raise RequestError(
            f"{one.name} is {width}x{height}, {size.width}x{size.height} is asked for, and real clips are "
            "never enlarged"
        )
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
    hop = max(1, size.num_frames * stride // 2)
    return [
        Window(
            f"{one.name}@{start}",
            one.source,
            one.prompt,
            one.path,
            start,
            stride,
            size,
            (one.first, last),
            one.crop,
        )
        for start in range(one.first, one.first + spare + 1, hop)
    ]


# --- files ----------------------------------------------------------------------------------------


def _stamp(path: Path) -> tuple[int, int]:
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


@lru_cache(maxsize=4096)
def _sha256(path: Path, stamp: tuple[int, int]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
