"""Where the frames of a clip come from while it is scored: the pool, a file, or memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vbench_lite.clip import Clip, ClipInfo, Frames
from vbench_lite.datasets.video import CHUNK, ClipReader


@dataclass(frozen=True)
class OpenClip:
    """A clip that is being read: its frames come once, in order."""

    info: ClipInfo
    chunks: Iterator[Frames]  # uint8 (N, H, W, 3)
    flags: tuple[str, ...] = ()


class Source(Protocol):
    """A clip that can be opened.

    Attributes:
        name: for messages and results.
        sha256: the clip's identity where it is known beforehand; reading must give it.
    """

    @property
    def name(self) -> str: ...

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

    @contextmanager
    def open(self) -> Iterator[OpenClip]:
        with ClipReader(self.path, self.name) as reader:
            yield OpenClip(reader.info, reader.chunks(CHUNK), reader.flags)


@dataclass(frozen=True)
class MemorySource:
    """A clip in memory."""

    clip: Clip
    name: str

    @property
    def sha256(self) -> str:
        return self.clip.sha256

    @contextmanager
    def open(self) -> Iterator[OpenClip]:
        frames = self.clip.frames
        info = ClipInfo(self.name, len(frames), frames.shape[1], frames.shape[2], self.clip.fps)
        yield OpenClip(info, (frames[i : i + CHUNK] for i in range(0, len(frames), CHUNK)))
