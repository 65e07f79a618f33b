"""Rows of lists that people write: a CSV file with a header, or one JSON object a line.

Lists of clips, of real clips and of votes are read here; what their columns mean is said by their readers.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vbench_lite.errors import ClipError

LISTS = frozenset((".csv", ".jsonl"))
MOST_BYTES = 2**28
# What other people's lists call a column.
ALIASES = {"file_name": "file", "video": "file", "path": "file", "caption": "prompt", "text": "prompt"}
_NOT_ONE_EACH = "it has not one value for each column"
_NO_OBJECT = "no JSON object; write one a line"


def read_text(path: Path) -> str:
    """The text of a list, with its line ends as they are.

    Raises:
        ClipError: it cannot be read, is no UTF-8, or is larger than MOST_BYTES.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ClipError(f"list {path}: above {MOST_BYTES // 2**20} MiB; split it")
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ClipError(f"list {path}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None


def list_rows(
    path: Path, faults: list[str] | None = None, *, aliases: Mapping[str, str] = ALIASES
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows by column, each with the number of its last line; columns of `aliases` get their plain name.

    Args:
        faults: takes what is wrong with a line, which is then left out; None raises at the first.

    Raises:
        ClipError: as `read_text`, or a column is named twice; without `faults` a line that is no row, too.
    """
    text = read_text(path)
    read = _csv_rows if path.suffix.lower() == ".csv" else _json_rows
    for line, row in read(text):
        where = f"{path.name}, line {line}"
        if isinstance(row, str):
            if faults is None:
                raise ClipError(f"{where}: {row}")
            faults.append(f"{where}: {row}")
            continue
        columns = [aliases.get(str(name), str(name)) for name in row]
        if len(set(columns)) < len(row):
            raise ClipError(f"{where}: a column is named twice")
        yield line, dict(zip(columns, row.values(), strict=True))


def _csv_rows(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Rows as RFC 4180 has them: a line end in quotes belongs to the value, and no other sign ends a row."""
    before = csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = next(reader, [])
        if len(set(names)) < len(names):
            yield 1, "a column is named twice"
            return
        for values in reader:
            if values:
                fits = len(values) == len(names)
                yield reader.line_num, dict(zip(names, values, strict=True)) if fits else _NOT_ONE_EACH
    except csv.Error:
        yield reader.line_num, "no CSV: a quote is not closed, or there is text behind one"
    finally:
        csv.field_size_limit(before)


def _json_rows(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        yield number, entry if isinstance(entry, dict) else _NO_OBJECT
