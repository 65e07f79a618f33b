"""Lists of clips: a CSV file with a header, or JSON lines, with file, prompt, seed and generator of each.

Files are named relative to the list. It cannot reach outside its folder, as lists come from others.
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

from vbench_lite.errors import ClipError

MANIFESTS = frozenset((".csv", ".jsonl"))
_COLUMNS = ("file", "prompt", "seed", "generator")


@dataclass(frozen=True)
class FolderClip:
    """One file and what is known of it.

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
        ClipError: the manifest is malformed or empty, with the line; a file lies outside its folder.
    """
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
    path = inside(base, file, where)
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


def inside(base: Path, file: str, where: str) -> Path:
    """The path of a file below a resolved folder; raises ClipError if it, or what it links to, is not."""
    path = base / file
    if not path.resolve().is_relative_to(base):
        raise ClipError(f"{where}: {file} lies outside the manifest's folder; put the clips beside it")
    return path
