"""Clips made elsewhere: a folder, a manifest, or a single file.

A folder is searched with its subfolders; hidden files and files that are not named like a video are
left out. A manifest (CSV with a header, or JSON lines) names files relative to itself and may give
prompt, seed and generator of each; it cannot reach outside its folder, as manifests come from others.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vbench_lite.clip import Clip
from vbench_lite.datasets.clip_rules import ClipRules, RuledReader
from vbench_lite.datasets.packets import Limits
from vbench_lite.datasets.video import ClipReader
from vbench_lite.errors import ClipError

_VIDEO = (
    *("mp4", "m4v", "mov", "mkv", "webm", "avi", "gif", "apng", "mpg", "mpeg", "ts", "mts", "m2ts"),
    *("wmv", "flv", "ogv", "3gp", "mxf", "y4m", "ivf", "h264", "hevc", "obu", "nut"),
)
SUFFIXES = frozenset(f".{name}" for name in _VIDEO)
MANIFESTS = frozenset((".csv", ".jsonl"))
_COLUMNS = ("file", "prompt", "seed", "generator")


@dataclass(frozen=True)
class FolderClip:
    """One file and what is known of it.

    Attributes:
        name: path relative to the folder, with forward slashes; names it in results and errors.
        prompt, seed, generator: as the manifest says; None where nobody said.
    """

    name: str
    path: Path
    prompt: str | None = None
    seed: int | None = None
    generator: str | None = None

    @property
    def stem(self) -> str:
        """The name without its suffix: what pairs a clip with its reference."""
        return self.name[: -len(self.path.suffix)] if self.path.suffix else self.name


@dataclass(frozen=True)
class ClipFolder:
    """The clips of a folder in natural order, and the rules by which they are read."""

    path: Path
    clips: tuple[FolderClip, ...]
    rules: ClipRules = field(default_factory=ClipRules)
    limits: Limits = field(default_factory=Limits)

    @property
    def label(self) -> str:
        """The folder's own name, for tables."""
        return (self.path.parent if self.path.is_file() else self.path).resolve().name

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
                yield Clip(np.concatenate(list(ruled.chunks(window))), info.fps)


def find_clips(path: Path, rules: ClipRules | None = None, limits: Limits | None = None) -> ClipFolder:
    """Find the clips of a folder, a manifest (.csv, .jsonl) or a single file; none is opened.

    Raises:
        ClipError: nothing is there, no clip is in it, or the manifest is malformed.
    """
    if path.is_dir():
        clips = _search(path)
        if not clips:
            raise ClipError(
                f"no clips in folder {path}: no file is named like a video ({' '.join(sorted(SUFFIXES))})"
            )
    elif not path.exists():
        raise ClipError(f"no folder, manifest or clip is at {path}; check the path")
    elif path.suffix.lower() in MANIFESTS:
        clips = _manifest(path)
    else:
        clips = [FolderClip(path.name, path)]
    return ClipFolder(path, tuple(clips), rules or ClipRules(), limits or Limits())


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key that puts clip2 before clip10."""
    parts = re.split(r"(\d+)", name.lower())
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts if part)


def _search(folder: Path) -> list[FolderClip]:
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for file in files:
            path = Path(parent, file)
            if not file.startswith(".") and path.suffix.lower() in SUFFIXES:
                name = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "replace")
                found.append(FolderClip(name, path))
    return sorted(found, key=lambda clip: (natural_key(clip.name), clip.name))


def _manifest(path: Path) -> list[FolderClip]:
    """Clips in the order of the manifest."""
    base = path.parent.resolve()
    clips: dict[str, FolderClip] = {}
    for line, entry in _entries(path):
        where = f"{path.name}, line {line}"
        clip = _clip(entry, base, where)
        if clip.name in clips:
            raise ClipError(f"{where}: {clip.name} is named twice; leave one out")
        clips[clip.name] = clip
    if not clips:
        raise ClipError(f"no clips in manifest {path}: it has no entries")
    return list(clips.values())


def _entries(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Entries with their line numbers."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ClipError(f"manifest {path}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
    lines = text.splitlines()
    if path.suffix.lower() == ".csv":
        reader = csv.DictReader(lines)
        _check_columns(reader.fieldnames or (), f"{path.name}, line 1")
        for row in reader:
            if None in row or None in row.values():
                raise ClipError(f"{path.name}, line {reader.line_num}: it has not one value for each column")
            yield reader.line_num, row
        return
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path.name}, line {number}"
        try:
            entry = json.loads(line)
        except ValueError:
            raise ClipError(f"{where}: no JSON; write one object a line") from None
        if not isinstance(entry, dict):
            raise ClipError(f"{where}: must be an object with {', '.join(_COLUMNS)}")
        _check_columns(entry, where)
        yield number, entry


def _check_columns(columns: Sequence[str] | Mapping[str, Any], where: str) -> None:
    if "file" not in columns:
        raise ClipError(f"{where}: has no file; a manifest gives {', '.join(_COLUMNS)}")
    unknown = [str(column) for column in columns if column not in _COLUMNS]
    if unknown:
        raise ClipError(f"{where}: {unknown[0]!r} is unknown; a manifest gives {', '.join(_COLUMNS)}")


def _clip(entry: Mapping[str, Any], base: Path, where: str) -> FolderClip:
    file, seed = entry["file"], entry.get("seed")
    if not isinstance(file, str) or not file or "\0" in file:
        raise ClipError(f"{where}: file must be a path, got {file!r}")
    path = base / file
    if not path.resolve().is_relative_to(base):
        raise ClipError(f"{where}: {file} lies outside the manifest's folder; put the clips beside it")
    texts = {}
    for column in ("prompt", "generator"):
        value = entry.get(column)
        if value is not None and not isinstance(value, str):
            raise ClipError(f"{where}: {column} must be a text, got {value!r}")
        texts[column] = value or None
    if isinstance(seed, bool) or not re.fullmatch(r"-?\d{1,18}", str("0" if seed in (None, "") else seed)):
        raise ClipError(f"{where}: seed must be a whole number, got {seed!r}")
    number = None if seed in (None, "") else int(str(seed))
    name = Path(os.path.normpath(path)).relative_to(base).as_posix()
    return FolderClip(name, path, texts["prompt"], number, texts["generator"])
