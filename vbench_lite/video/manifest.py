"""Lists of clips: a CSV file with a header, or JSON lines, with file, prompt, seed and generator of each.

Files are named relative to the list. It cannot reach outside its folder, as lists come from others. What a
list of real clips says beside these (source, tags, look_for, split, what is given) is allowed, not read here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from vbench_lite.errors import ClipError
from vbench_lite.video.list_rows import list_rows
from vbench_lite.video.names import check_text

LEAST_SEED, MOST_SEED = -(2**63), 2**64 - 1  # what torch takes, and ComfyUI draws
MOST_CLIPS = 1_000_000
# What a list of real clips gives with a prompt: files by what they are, and a text.
GIVEN_FILES = ("image", "past_frames", "edges", "depth", "pose")
GIVEN_COLUMNS = (*GIVEN_FILES, "negative_prompt")
_COLUMNS = ("file", "prompt", "seed", "generator")
_OF_REAL_CLIPS = ("source", "tags", "look_for", "split", *GIVEN_COLUMNS)


@dataclass(frozen=True)
class FolderClip:
    """One file, or a folder of pictures, and what is known of it.

    Attributes:
        name: path relative to the folder, with forward slashes; names it in results and errors.
        prompt, seed, generator: as the manifest says; None where nobody said.
        facts: what VBench's list says of the prompt beside its text: `dimension`, `auxiliary_info`.
    """

    name: str
    path: Path
    prompt: str | None = None
    seed: int | None = None
    generator: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """The name without its suffix: what pairs a clip with its reference."""
        return self.name[: -len(self.path.suffix)] if self.path.suffix else self.name


def read_manifest(path: Path) -> list[FolderClip]:
    """Clips in the order of the manifest; none is opened, and a file need not be there.

    Raises:
        ClipError: the manifest is malformed, empty or above a limit, with the line; a file lies outside its
            folder.
    """
    base = path.parent.resolve()
    clips: dict[str, FolderClip] = {}
    for line, entry in list_rows(path):
        where = f"{path.name}, line {line}"
        clip = _clip(entry, base, where)
        if clip.name in clips:
            raise ClipError(f"{where}: {clip.name} is named twice; leave one out")
        clips[clip.name] = clip
        if len(clips) > MOST_CLIPS:
            raise ClipError(f"{where}: more than {MOST_CLIPS:,} clips; split the list")
    if not clips:
        raise ClipError(f"no clips in manifest {path}: it has no entries")
    return list(clips.values())


def _clip(entry: Mapping[str, Any], base: Path, where: str) -> FolderClip:
    if "file" not in entry:
        raise ClipError(f"{where}: has no file; a manifest gives {', '.join(_COLUMNS)}")
    unknown = [column for column in entry if column not in (*_COLUMNS, *_OF_REAL_CLIPS)]
    if unknown:
        raise ClipError(f"{where}: {unknown[0]!r} is unknown; a manifest gives {', '.join(_COLUMNS)}")
    file = entry["file"]
    if not isinstance(file, str) or not file:
        raise ClipError(f"{where}: file must be a path, got {file!r}")
    path = inside(base, file, where)
    prompt, generator = (text_in(entry, column, where) or None for column in ("prompt", "generator"))
    name = Path(os.path.normpath(path)).relative_to(base).as_posix()
    return FolderClip(name, path, prompt, _seed(entry.get("seed"), where), generator)


def text_in(row: Mapping[str, Any], column: str, where: str) -> str:
    """A text of a row, "" where it has none.

    Raises:
        ClipError: it is no text.
    """
    value = row.get(column)
    if value is not None and not isinstance(value, str):
        raise ClipError(f"{where}: {column} must be a text, got {value!r}")
    return check_text(value or "", f"{where}: {column}")


def _seed(value: Any, where: str) -> int | None:
    if value in (None, ""):
        return None
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[-+]?\d{1,40}", text):
        raise ClipError(f"{where}: seed must be a whole number, got {repr(value)[:80]}")
    seed = int(text)
    if not LEAST_SEED <= seed <= MOST_SEED:
        raise ClipError(f"{where}: seed {seed} is out of range; seeds go from -2^63 to 2^64 - 1")
    return seed


_resolved = lru_cache(maxsize=1024)(Path.resolve)


def inside(base: Path, file: str, where: str) -> Path:
    """The path of a file below a resolved folder.

    Raises:
        ClipError: it, or what it links to, lies elsewhere, or its name can be that of no file.
    """
    check_text(file, f"{where}: the file's name")
    if "\0" in file:
        raise ClipError(f"{where}: {file!r} holds a NUL, which no file's name does")
    path = Path(os.path.normpath(base / file))
    try:  # of a file that is no link only the folder can lead elsewhere, and folders are few
        real = path.resolve() if path.is_symlink() else _resolved(path.parent) / path.name
    except (OSError, RuntimeError):  # a name too long, or links in a circle: no file is there
        real = path
    if not real.is_relative_to(base):
        raise ClipError(f"{where}: {file} lies outside the manifest's folder; put the clips beside it")
    return path
