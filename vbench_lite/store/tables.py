"""The three tables of a run as Parquet: which records they hold, and how far they got.

Each file's metadata says how many bytes of each journal are in it. Readers take the rows of the file and
then what the journals hold beyond that, so nothing is read twice or missed whenever a process was killed.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vbench_lite.errors import StoreError
from vbench_lite.metric import Measurement
from vbench_lite.store import atomic
from vbench_lite.store.schema import MEASUREMENTS, SAMPLES, SCHEMA_VERSION, SCORES

Row = dict[str, Any]
SCHEMAS: Mapping[str, pa.Schema] = {"sample": SAMPLES, "score": SCORES, "measurement": MEASUREMENTS}
FILES: Mapping[str, str] = {
    "sample": "samples.parquet",
    "score": "scores.parquet",
    "measurement": "measurements.parquet",
}
CHECKSUMS = "checksums.json"  # sha256 of each table as it was written, by its file name
_OFFSETS, _VERSION = b"vbench_lite.journals", b"vbench_lite.schema_version"


@dataclass(frozen=True)
class StoredTable:
    """Rows of one kind and, for each journal, the bytes of it that they cover."""

    rows: list[Row]
    offsets: Mapping[str, int]


def read_table(path: Path, generator: str | None = None) -> StoredTable:
    """Read a table; a file that is not there is empty.

    Args:
        generator: only its rows; None for all.

    Raises:
        StoreError: the file is damaged.
    """
    if not path.exists():
        return StoredTable([], {})
    wanted = None if generator is None else [("generator", "=", generator)]
    table = _read(path, filters=wanted)
    offsets = json.loads((table.schema.metadata or {}).get(_OFFSETS, b"{}"))
    return StoredTable(table.to_pylist(), offsets)


def read_column(path: Path, name: str) -> set[str]:
    """The different values of a text column; none if the file is not there.

    Raises:
        StoreError: the file is damaged.
    """
    if not path.exists():
        return set()
    return set(_read(path, columns=[name]).column(0).unique().to_pylist())


def sample_keys(path: Path) -> set[tuple[str, str, str]]:
    """(generator, suite, sample) of every row of the table of samples.

    Raises:
        StoreError: the file is damaged.
    """
    if not path.exists():
        return set()
    table = _read(path, columns=["generator", "suite", "sample_id"])
    return set(zip(*(column.to_pylist() for column in table.columns), strict=True))


def sample_rows(path: Path, wanted: Container[tuple[str, str]]) -> list[Row]:
    """The rows of some (generator, sample) of whatever suite.

    Raises:
        StoreError: the file is damaged.
    """
    if not path.exists():
        return []
    table = _read(path)
    names = (table.column(name).to_pylist() for name in ("generator", "sample_id"))
    places = [place for place, key in enumerate(zip(*names, strict=True)) if key in wanted]
    return list(table.take(places).to_pylist()) if places else []


def read_offsets(path: Path) -> Mapping[str, int]:
    """For each journal the bytes of it that a table covers.

    Raises:
        StoreError: the file is damaged.
    """
    return read_table(path, generator="").offsets


def _read(path: Path, **options: Any) -> pa.Table:
    try:
        return pq.read_table(path, **options)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(
            f"table {path} is damaged ({reason}); delete it to rebuild it from the journals"
        ) from None


def write_table(path: Path, kind: str, rows: Sequence[Row], offsets: Mapping[str, int]) -> None:
    """Replace a table by these rows, which cover the journals up to these places."""
    metadata = {_OFFSETS: json.dumps(dict(offsets)), _VERSION: str(SCHEMA_VERSION)}
    table = arrow(kind, rows).replace_schema_metadata(metadata)
    with atomic.replaced(path) as temporary:
        pq.write_table(table, temporary)


def arrow(kind: str, rows: Sequence[Row]) -> pa.Table:
    """Rows as an Arrow table with the columns of `store.schema`; a key that is missing is null."""
    return pa.Table.from_pylist(list(rows), schema=SCHEMAS[kind])


def merge(kind: str, rows: Sequence[Row]) -> list[Row]:
    """Keep one row for each sample and each score, in the order of first appearance.

    Of a sample the first row that has a clip counts (it can be neither made nor counted twice), else the
    last. Of a score the last counts: scoring again replaces. Every measurement is a call of its own.
    """
    if kind == "measurement":
        return list(rows)
    kept: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        if kind == "sample":
            key: tuple[Any, ...] = (row["generator"], row["suite"], row["sample_id"])
            if key in kept and kept[key].get("clip_sha256") is not None:
                continue
        else:
            key = tuple(row.get(name) for name in ("generator", "suite", "level", "metric", "sample_id"))
        kept[key] = row
    return list(kept.values())


def measurement_row(call: Measurement, suite: str) -> Row:
    """A timed call as a row of the table."""
    row = asdict(call)
    row["arrivals"] = json.dumps(row["arrivals"])
    row["phases"] = json.dumps(dict(call.phases), sort_keys=True)
    return {**row, "suite": suite}


def measurement_of(row: Mapping[str, Any]) -> Measurement:
    """The timed call of a row; the inverse of `measurement_row`."""
    fields = {name: row[name] for name in Measurement.__dataclass_fields__ if name in row}
    fields["arrivals"] = tuple((float(s), int(n)) for s, n in json.loads(row["arrivals"]))
    fields["phases"] = json.loads(row["phases"])
    return Measurement(**fields)
