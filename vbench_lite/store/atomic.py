"""Files that are there whole or not at all.

A writer fills a temporary file beside its target, flushes it to the disk, and renames it. A reader, or a
process that takes over after `kill -9` or a power cut, sees the old content or the new, never half of one.
The price is one flush for each file, accepted because files are few and clips take longer to make.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ABANDONED_AFTER_S = 24 * 3600.0


@contextmanager
def replaced(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Give a temporary path with the same suffix; on leaving without an error it becomes `path`.

    Parents are made. On an error the temporary file is removed and `path` stays as it was. Without `durable`
    a power cut may cost the file, as befits a cache.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp{path.suffix}")
    try:
        yield temporary
        if durable:
            flush(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        flush(path.parent)


def write_text(path: Path, text: str) -> None:
    """Replace a file by UTF-8 text."""
    with replaced(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def flush(path: Path) -> None:
    """Have the disk hold what was written to a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove temporary files of writers that were killed long ago."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as files:  # beside very many others, a path for each takes a second
        found = [Path(file.path) for file in files if file.name[0] == "." and ".tmp" in file.name]
    for path in found:
        try:
            if time.time() - path.stat().st_mtime > ABANDONED_AFTER_S:
                path.unlink()
        except FileNotFoundError:  # its writer was alive and has just renamed it
            continue
