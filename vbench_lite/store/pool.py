"""The pool of clips: lossless files named by their content, shared by every run under a root.

A clip's name is the hash of its pixels, shape and rate, not of its file, so equal clips are kept once
whoever made them, and a clip that was written twice is still one clip. A file appears whole or not at
all, so that a clip that is there can be trusted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from vbench_lite.clip import Clip, ClipHasher, ClipInfo, Frames, check_sha256, clip_sha256
from vbench_lite.errors import StoreError
from vbench_lite.store import atomic
from vbench_lite.store.inside import inside
from vbench_lite.store.origin import fetch_clip, has_clip, mirrored_clips


class Pool:
    """The clips under `ROOT/pool`; the folder is made with the first clip."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "pool"

    def put(self, frames: Frames, fps: float | None) -> str:
        """Store a clip unless it is there and return its sha256; the disk holds it then.

        Args:
            frames: uint8 (T, H, W, 3), RGB.

        Raises:
            ClipError: the frames are no clip or cannot be written.
        """
        from vbench_lite.video.decode import write_lossless

        sha = clip_sha256(frames, fps)
        target = self.place(sha)
        if not target.exists():
            with self.written(target) as temporary:
                write_lossless(temporary, frames, fps)
        return sha

    def names(self) -> set[str]:
        """Hashes of the clips whose files are here."""
        return set(self._names())

    def _names(self) -> Iterator[str]:
        folder = self.folder / "clips"
        if not folder.is_dir():
            return
        with os.scandir(folder) as files:  # of very many, a path for each takes seconds
            for file in files:
                name = file.name
                if name.endswith(".mkv") and name[0] != ".":
                    yield name[:-4]

    def has(self, sha: str) -> bool:
        """Whether the pool holds a clip of this hash, here or where this root is a mirror of."""
        return self.place(sha).exists() or has_clip(self.folder.parent, sha)

    def lacking(self, shas: Iterable[str]) -> set[str]:
        """Those of some hashes of which `has` is false, with one look at the folder for all.

        Raises:
            StoreError: one is no sha256.
        """
        gone = set(shas)
        gone.difference_update(self._names())
        if not gone:
            return gone
        mirrored = mirrored_clips(self.folder.parent)
        return {sha for sha in gone if f"{check_sha256(sha)}.mkv" not in mirrored}

    def path(self, sha: str) -> Path:
        """The lossless file of a clip.

        Raises:
            StoreError: the pool does not hold it.
        """
        path = self.place(sha)
        if not path.exists() and not fetch_clip(self.folder.parent, sha):
            raise StoreError(f"clip {sha} is not in the pool {self.folder}; copy it there or run again")
        return path

    def info(self, sha: str) -> ClipInfo:
        """Size, length and rate of a clip."""
        from vbench_lite.video.decode import probe

        return probe(self.path(sha), name=sha)

    def read(self, sha: str) -> Clip:
        """The whole clip in memory."""
        from vbench_lite.video.decode import read_clip

        return read_clip(self.path(sha), name=sha)

    def chunks(self, sha: str, size: int = 16) -> Iterator[Frames]:
        """Every frame once, in chunks uint8 (N <= size, H, W, 3)."""
        from vbench_lite.video.decode import read_chunks

        return read_chunks(self.path(sha), size=size, name=sha)

    def verify(self, sha: str) -> bool:
        """Whether the file still holds exactly the clip that its name says."""
        hasher = ClipHasher()
        for chunk in self.chunks(sha):
            hasher.push(chunk)
        return hasher.hexdigest(self.info(sha).fps) == sha

    def preview(self, sha: str) -> Path:
        """An H.264 file that browsers play, made on first demand."""
        target = self.folder / "previews" / f"{sha}.mp4"
        if not target.exists():
            with self.written(target) as temporary:
                self.write_preview(temporary, sha)
        return target

    def write_preview(self, path: Path, sha: str) -> None:
        """Write the preview of a clip to any place."""
        from vbench_lite.video.decode import write_preview

        write_preview(path, self.chunks(sha), self.info(sha).fps)

    def sweep(self) -> None:
        """Remove temporary files that killed writers left behind; those of today may be in use."""
        for folder in (self.folder / "clips", self.folder / "previews"):
            atomic.sweep(inside(self.folder.parent, folder))

    def written(self, target: Path) -> AbstractContextManager[Path]:
        """A file of the pool that is being written, as `atomic.replaced` does; never through a link."""
        return atomic.replaced(inside(self.folder.parent, target))

    def place(self, sha: str) -> Path:
        """Where the file of a clip is, or would be.

        Raises:
            StoreError: it is no sha256.
        """
        return self.folder / "clips" / f"{check_sha256(sha)}.mkv"
