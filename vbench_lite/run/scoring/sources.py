"""Where the frames of a clip come from while it is scored: a file, a window of one, or memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vbench_lite.clip import Clip, ClipInfo, Frames
from vbench_lite.errors import ClipError
from vbench_lite.video.decode import CHUNK, ClipReader, chunk_frames
from vbench_lite.video.frame_rules import ClipRules, RuledReader, window_name
from vbench_lite.video.limits import Limits


@dataclass(frozen=True)
class OpenClip:
    """A clip that is being read: its frames come once, in order.

    Attributes:
        chunks: uint8 (N, H, W, 3).
        flags: what is special about the file.
        decodes: 1 if opening it started to decode its file, 0 if it shares the decoding of another.
    """

    info: ClipInfo
    chunks: Iterator[Frames]
    flags: tuple[str, ...] = ()
    decodes: int = 1


class Source(Protocol):
    """A clip that can be opened.

    Attributes:
        name: for messages and results. file: whose decoding is counted.
        sha256: the clip's identity where it is known beforehand; reading must give it.
    """

    @property
    def name(self) -> str: ...

    @property
    def file(self) -> str: ...

    @property
    def sha256(self) -> str | None: ...

    def open(self) -> AbstractContextManager[OpenClip]:
        """Start reading; raises ClipError here or while reading."""
        ...


@dataclass(frozen=True)
class FileSource:
    """A file whose frames are taken as they are; `sha256` is that of its clip, if it is known."""

    path: Path
    name: str
    sha256: str | None = None

    @property
    def file(self) -> str:
        return self.name

    @contextmanager
    def open(self) -> Iterator[OpenClip]:
        with ClipReader(self.path, self.name) as reader:
            size = chunk_frames(reader.info.height, reader.info.width)
            yield OpenClip(reader.info, reader.chunks(size), reader.flags)


@dataclass(frozen=True)
class MemorySource:
    """A clip in memory."""

    clip: Clip
    name: str

    @property
    def file(self) -> str:
        return self.name

    @property
    def sha256(self) -> str:
        return self.clip.sha256

    @contextmanager
    def open(self) -> Iterator[OpenClip]:
        frames = self.clip.frames
        info = ClipInfo(
            self.name, len(frames), frames.shape[1], frames.shape[2], self.clip.fps, self.clip.times
        )
        chunks = (frames[i : i + CHUNK] for i in range(0, len(frames), CHUNK))
        yield OpenClip(info, chunks, decodes=0)


class RuledFile:
    """A file read by rules; its windows are sources that share one decoding, in rising order."""

    def __init__(self, path: Path, name: str, rules: ClipRules, limits: Limits) -> None:
        self.path, self.name, self.rules, self.limits = path, name, rules, limits
        self._stack = ExitStack()
        self._open: RuledReader | None = None
        self._failed: ClipError | None = None

    def sources(self) -> list[WindowSource]:
        """One source for each clip that the file gives; one that fails if it cannot be read."""
        count = 1
        if self.rules.place == "every":
            # An error is raised again, and reported, when the source is opened.
            with suppress(ClipError), ClipReader(self.path, self.name, self.limits) as reader:
                count = len(RuledReader(reader, self.rules).selection.windows)
        return [WindowSource(self, window, count) for window in range(count)]

    def reader(self) -> tuple[RuledReader, int]:
        """The reader, and how many decodings it took to give it (0 or 1)."""
        if self._failed is not None:
            raise self._failed
        if self._open is not None:
            return self._open, 0
        reader = self._stack.enter_context(ClipReader(self.path, self.name, self.limits))
        self._open = RuledReader(reader, self.rules)
        return self._open, 1

    def close(self, failed: ClipError | None = None) -> None:
        """Close the file; after a failure its other windows fail alike, else they begin again."""
        self._open, self._failed = None, failed
        self._stack.close()


@dataclass(frozen=True)
class WindowSource:
    """One window of a file."""

    owner: RuledFile
    window: int
    windows: int
    sha256: str | None = None

    @property
    def name(self) -> str:
        return window_name(self.owner.name, self.window, self.owner.rules)

    @property
    def file(self) -> str:
        return self.owner.name

    @contextmanager
    def open(self) -> Iterator[OpenClip]:
        try:
            ruled, decodes = self.owner.reader()
            info = ruled.info(self.window)
            chunks = ruled.chunks(self.window, chunk_frames(info.height, info.width))
            yield OpenClip(info, chunks, ruled.reader.flags, decodes)
        except ClipError as error:
            self.owner.close(error)
            raise
        if self.window + 1 == self.windows:
            self.owner.close()
