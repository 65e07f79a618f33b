"""An append-only file of records that survives being killed at any moment.

One JSON object a line; `append` returns when the disk holds the line, so a record that was reported is
never lost. A kill within a write leaves a last line without its end; the next writer cuts it off and
readers leave it out, and both say so. Damage anywhere else is an error that names the line: it cannot
come from a kill, and guessing would drop results in silence.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbench_lite.errors import StoreError
from vbench_lite.store import atomic
from vbench_lite.store.disk import writing
from vbench_lite.store.inside import is_file, open_own

Record = Mapping[str, Any]


@dataclass(frozen=True)
class JournalRead:
    """What a journal holds.

    Attributes:
        records: every whole record, in the order of writing.
        torn: whether a last line was cut off by a kill and left out.
        size: bytes of the whole records; the place where the next record begins.
    """

    records: list[dict[str, Any]]
    torn: bool
    size: int


def read_journal(path: Path, offset: int = 0) -> JournalRead:
    """Read the records from a byte offset on; a file that is not there has none.

    Raises:
        StoreError: a line other than a torn last one is no record.
    """
    reader = JournalReader(path, offset)
    return JournalRead(list(reader), reader.torn, reader.size)


class JournalReader:
    """The records of a journal from a byte offset on, one by one; a file that is not there has none.

    Attributes:
        torn, size: as those of `JournalRead`, of what was read so far.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._path, self._offset = path, offset
        self.torn, self.size = False, offset

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Read on.

        Raises:
            StoreError: a line other than a torn last one is no record.
        """
        if not is_file(self._path):
            self.size = 0
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    self.torn = True
                    return
                yield self._record(line, number)
                self.size += len(line)

    def _record(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            record = json.loads(line, parse_constant=_refuse)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            return record
        after = f" after byte {self._offset}" if self._offset else ""
        raise StoreError(
            f"journal {self._path}: line {number}{after} is damaged; restore the file from a copy, or delete "
            "that line to lose this record only"
        )


def is_torn(path: Path) -> bool:
    """Whether a last line was cut off by a kill; the whole journal is read.

    Raises:
        StoreError: another line is no record.
    """
    reader = JournalReader(path)
    deque(reader, maxlen=0)
    return reader.torn


def whole_lines(path: Path, offset: int = 0) -> Iterator[bytes]:
    """The whole lines of a journal from a byte offset on, unread; for those who need few of many."""
    if not is_file(path):
        return
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if line.endswith(b"\n"):
                yield line


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


class JournalWriter:
    """The only writer of one journal. Usable as a context manager.

    Args:
        fit: makes a record what readers can read, or refuses it with a ValueError.

    Attributes:
        repaired: whether a torn last line was cut off on opening.

    Raises:
        StoreError: another process writes this file, or it is a link or no regular file.
    """

    def __init__(self, path: Path, fit: Callable[[Record], Record] = lambda record: record) -> None:
        self.path, self._fit = path, fit
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open_own(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise StoreError(f"journal {path} is being written by another process; wait for it") from None
        self.repaired = self._cut_torn_line()
        atomic.flush(path.parent)

    def append(self, record: Mapping[str, Any]) -> None:
        """Add a record and return when the disk holds it; raises as `extend` does."""
        self.extend([record])

    def extend(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Add records and return when the disk holds them all.

        Raises:
            ValueError: a value is NaN or infinite, or is no JSON, or `fit` refuses a record.
            StoreError: the disk does not take them; the journal ends before the first of them then.
        """
        lines = [
            json.dumps(self._fit(record), allow_nan=False, separators=(",", ":")) + "\n" for record in records
        ]
        left = "".join(lines).encode()
        end = os.fstat(self._file).st_size
        with writing(self.path):
            try:
                while left:
                    left = left[os.write(self._file, left) :]
                os.fsync(self._file)
            except OSError:
                os.ftruncate(self._file, end)  # half a record in the middle would be damage
                raise

    def close(self) -> None:
        """Let another writer have the file; further calls do nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> JournalWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _cut_torn_line(self) -> bool:
        size = os.fstat(self._file).st_size
        end, block = size, 1 << 16
        while end > 0:
            start = max(0, end - block)
            newline = os.pread(self._file, end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end == size:
            return False
        os.ftruncate(self._file, end)
        os.fsync(self._file)
        return True
