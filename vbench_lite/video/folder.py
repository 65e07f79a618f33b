"""Clips made elsewhere: a folder, a manifest, or a single file.

A folder is searched with its subfolders; hidden files and files that are not named like a video are
left out, and a folder of numbered pictures is a clip. A manifest (`manifest.py`, or VBench's
full_info.json) names files relative to itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from vbench_lite.clip import Clip
from vbench_lite.errors import ClipError
from vbench_lite.interop.vbench.layout import FULL_INFO, Listed, named_after_prompt, read_full_info
from vbench_lite.video.decode import ClipReader
from vbench_lite.video.frame_rules import ClipRules, RuledReader
from vbench_lite.video.images import PICTURES, is_series
from vbench_lite.video.limits import Limits
from vbench_lite.video.list_rows import LISTS
from vbench_lite.video.manifest import FolderClip, read_manifest
from vbench_lite.video.names import is_there
from vbench_lite.video.prompt_lines import FILE as PROMPT_FILE
from vbench_lite.video.prompt_lines import PROMPT_LINES, read_prompt_lines

__all__ = ["ClipFolder", "FolderClip", "find_clips", "natural_key"]

_VIDEO = (
    *("mp4", "m4v", "mov", "mkv", "webm", "avi", "gif", "apng", "mpg", "mpeg", "ts", "mts", "m2ts"),
    *("wmv", "flv", "ogv", "3gp", "mxf", "y4m", "ivf", "h264", "hevc", "obu", "nut", "webp"),
)
SUFFIXES = frozenset(f".{name}" for name in _VIDEO)


@dataclass(frozen=True)
class ClipFolder:
    """The clips of a folder in natural order, or of a manifest in its order, and how they are read.

    Attributes:
        absent: names of clips that a full_info.json leads one to expect, of prompts without any file.
        gaps: names that are left out between two indices of a prompt.
        unread: folders behind links, which are not searched.
    """

    path: Path
    clips: tuple[FolderClip, ...]
    rules: ClipRules = field(default_factory=ClipRules)
    limits: Limits = field(default_factory=Limits)
    absent: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The folder's own name, for tables."""
        return (self.path.parent if self.path.is_file() else self.path).resolve().name

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of clips that should be there and are not."""
        there = (clip.name for clip in self.clips if not is_there(clip.path))
        return (*there, *self.gaps, *self.absent)

    @property
    def extra(self) -> tuple[str, ...]:
        """Names of clips beside a manifest that it does not name."""
        if self.path.is_dir() or self.path.suffix.lower() not in (*LISTS, FULL_INFO):
            return ()
        named = {clip.name for clip in self.clips}
        return tuple(clip.name for clip in _search(self.path.parent)[0] if clip.name not in named)

    def read(self, clip: FolderClip) -> Iterator[Clip]:
        """The clips that one file gives, each whole in memory.

        Raises:
            ClipError: the file cannot be read, is too short, or a window is above `max_clip_bytes`.
        """
        import numpy as np

        with ClipReader(clip.path, clip.name, self.limits) as reader:
            ruled = RuledReader(reader, self.rules)
            for window in range(len(ruled.selection.windows)):
                info = ruled.info(window)
                needed = (info.num_frames or 0) * info.height * info.width * 3
                if needed > self.limits.max_clip_bytes:
                    raise ClipError(
                        f"{clip.name}: {needed} bytes of frames, above the limit max_clip_bytes = "
                        f"{self.limits.max_clip_bytes}; give a window or a smaller size"
                    )
                yield Clip(np.concatenate(list(ruled.chunks(window))), info.fps, info.times)


def find_clips(
    path: Path,
    rules: ClipRules | None = None,
    limits: Limits | None = None,
    *,
    names: Literal["free", "prompt"] = "free",
) -> ClipFolder:
    """Find the clips of a folder, a manifest (.csv, .jsonl, VBench's .json), a list of prompts (.txt) or a
    single file; none is opened. A folder that holds a prompts.txt is read by it.

    Args:
        names: "prompt" takes the files of a folder to be named PROMPT-INDEX, as VBench has them, or PROMPT.

    Raises:
        ClipError: nothing is there, no clip is in it, or the manifest is malformed.
    """
    listed, unread = Listed([]), tuple[str, ...]()
    if path.is_dir() and (path / PROMPT_FILE).is_file():
        path = path / PROMPT_FILE
    if path.is_dir():
        clips, unread = _search(path)
        if not clips:
            behind = f"; it does not follow the link {unread[0]}" if unread else ""
            raise ClipError(
                f"no clips in folder {path}: no file is named like a video ({' '.join(sorted(SUFFIXES))}), "
                f"and no folder holds numbered pictures{behind}"
            )
    elif not is_there(path):
        raise ClipError(f"no folder, manifest or clip is at {path}; check the path")
    elif path.suffix.lower() in LISTS:
        clips = read_manifest(path)
    elif path.suffix.lower() == FULL_INFO:
        beside, unread = _search(path.parent)
        listed = read_full_info(path, beside)
        clips = listed.clips
        if not clips:
            raise ClipError(f"{path}: no clip of any of its {len(listed.absent)} prompts lies beside it")
    elif path.suffix.lower() == PROMPT_LINES:
        beside, unread = _search(path.parent)
        clips, absent = read_prompt_lines(path, beside)
        listed = replace(listed, absent=tuple(absent))
    else:
        clips = [FolderClip(path.name, path)]
    if names == "prompt":
        clips = [named_after_prompt(clip) if clip.prompt is None else clip for clip in clips]
    given = (rules or ClipRules(), limits or Limits())
    return ClipFolder(path, tuple(clips), *given, listed.absent, listed.gaps, unread)


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key that puts clip2 before clip10."""
    parts = re.split(r"(\d+)", name.lower())
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts if part)


def _search(folder: Path) -> tuple[list[FolderClip], tuple[str, ...]]:
    """Clips below a folder, files and folders of pictures, and the folders behind links."""
    found, unread = [], []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        unread += [_named(Path(parent, name), folder) for name in folders if Path(parent, name).is_symlink()]
        shown = [Path(parent, file) for file in files if not file.startswith(".")]
        videos = [path for path in shown if path.suffix.lower() in SUFFIXES]
        pictures = [path.name for path in shown if path.suffix.lower() in PICTURES]
        if not videos and is_series(pictures):
            videos = [Path(parent)]
        found += [FolderClip(_named(path, folder), path) for path in videos]
    return sorted(found, key=lambda clip: (natural_key(clip.name), clip.name)), tuple(sorted(unread))


def _named(path: Path, folder: Path) -> str:
    """A path relative to a folder, or the folder's own name; bytes that are no UTF-8 are shown as such."""
    name = path.name if path == folder else path.relative_to(folder).as_posix()
    return os.fsencode(name).decode("utf-8", "backslashreplace")
