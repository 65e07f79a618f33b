"""Lists of clips: a CSV file with a header, or JSON lines, with file, prompt, seed and generator of each.

Files are named relative to the list. It cannot reach outside its folder, as lists come from others.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from vbench_lite.errors import ClipError
from vbench_lite.video.names import check_text

MANIFESTS = frozenset((".csv", ".jsonl"))
LEAST_SEED, MOST_SEED = -(2**63), 2**64 - 1  # what torch takes, and ComfyUI draws
MOST_CLIPS = 1_000_000
MOST_BYTES = 2**28
_COLUMNS = ("file", "prompt", "seed", "generator")


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
    for line, entry in _entries(path):
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


def read_text(path: Path) -> str:
    """The text of a list, with its line ends as they are.

    Raises:
        ClipError: it cannot be read, is no UTF-8, or is larger than MOST_BYTES.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ClipError(f"manifest {path}: above {MOST_BYTES // 2**20} MiB; split the list")
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ClipError(f"manifest {path}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None


def _entries(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Entries with their line numbers."""
    text = read_text(path)
    yield from _csv_rows(path, text) if path.suffix.lower() == ".csv" else _json_lines(path, text)


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Rows as RFC 4180 has them: a line end in quotes belongs to the value, and no other sign ends a row."""
    before = csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        _check_columns(reader.fieldnames or (), f"{path.name}, line 1")
        for row in reader:
            if None in row or None in row.values():
                raise ClipError(f"{path.name}, line {reader.line_num}: it has not one value for each column")
            yield reader.line_num, row
    except csv.Error:
        line = f"{path.name}, line {reader.reader.line_num}"
        raise ClipError(f"{line}: no CSV: a quote is not closed, or there is text behind one") from None
    finally:
        csv.field_size_limit(before)


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path.name}, line {number}"
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
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
    if len(set(columns)) < len(columns):
        raise ClipError(f"{where}: a column is named twice")


def _clip(entry: Mapping[str, Any], base: Path, where: str) -> FolderClip:
    file = entry["file"]
    if not isinstance(file, str) or not file:
        raise ClipError(f"{where}: file must be a path, got {file!r}")
    path = inside(base, file, where)
    texts = {}
    for column in ("prompt", "generator"):
        value = entry.get(column)
        if value is not None and not isinstance(value, str):
            raise ClipError(f"{where}: {column} must be a text, got {value!r}")
        texts[column] = check_text(value, f"{where}: {column}") if value else None
    name = Path(os.path.normpath(path)).relative_to(base).as_posix()
    return FolderClip(name, path, texts["prompt"], _seed(entry.get("seed"), where), texts["generator"])


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
