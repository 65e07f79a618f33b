"""The three tables of a run as Parquet: which records they hold, and how far they got.

Each file's metadata says how many bytes of each journal are in it. Readers take the rows of the file and
then what the journals hold beyond that, so nothing is read twice or missed whenever a process was killed.

In memory a table is columns (Arrow), with short texts as codes: a million scores take 60 MB so, and more
than 1 GB as one dict a row.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from vbench_lite.errors import StoreError
from vbench_lite.metric import Measurement
from vbench_lite.store import atomic
from vbench_lite.store.columns import filled, texts
from vbench_lite.store.inside import is_file
from vbench_lite.store.schema import MEASUREMENTS, SAMPLES, SCHEMA_VERSION, SCORES

Row = dict[str, Any]
SCHEMAS: Mapping[str, pa.Schema] = {"sample": SAMPLES, "score": SCORES, "measurement": MEASUREMENTS}
FILES: Mapping[str, str] = {
    "sample": "samples.parquet",
    "score": "scores.parquet",
    "measurement": "measurements.parquet",
}
# What a record is of; every measurement is a call of its own.
KEYS: Mapping[str, tuple[str, ...]] = {
    "sample": ("generator", "suite", "sample_id"),
    "score": ("generator", "suite", "level", "metric", "sample_id"),
    "measurement": (),
}
CHECKSUMS = "checksums.json"  # sha256 of each table as it was written, by its file name
_OFFSETS, _VERSION = b"vbench_lite.journals", b"vbench_lite.schema_version"
_UNIQUE = ("clip_sha256", "facts", "arrivals", "phases")  # texts that hardly repeat: codes would save nothing


@dataclass(frozen=True)
class StoredTable:
    """Rows of one kind and, for each journal, the bytes of it that they cover."""

    rows: pa.Table
    offsets: Mapping[str, int]


def read_table(path: Path, kind: str, columns: Collection[str] | None = None) -> StoredTable:
    """Read a table; a file that is not there is empty.

    Args:
        columns: which to read; None for all of `store.schema`. One that the file lacks is null.

    Raises:
        StoreError: the file is damaged.
    """
    schema = coded_schema(kind, columns)
    if not is_file(path):
        return StoredTable(schema.empty_table(), {})
    coded = {field.name for field in schema if pa.types.is_dictionary(field.type)}
    try:
        metadata = pq.read_metadata(path)
        there = [name for name in metadata.schema.names if name in coded]
        with pq.ParquetFile(path, metadata=metadata, read_dictionary=there) as file:
            offsets = json.loads((file.schema_arrow.metadata or {}).get(_OFFSETS, b"{}"))
            found = file.read(columns=schema.names)
            rows = pa.table(
                [
                    _fitting(found.column(field.name), field.type)
                    if field.name in found.column_names
                    else pa.nulls(len(found), field.type)
                    for field in schema
                ],
                schema=schema,
            )
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(
            f"table {path} is damaged ({reason}); delete it to rebuild it from the journals"
        ) from None
    return StoredTable(rows, offsets)


def _fitting(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return column if column.type == kind else column.cast(kind)


def write_table(path: Path, kind: str, rows: pa.Table, offsets: Mapping[str, int]) -> None:
    """Replace a table by these rows, which cover the journals up to these places."""
    metadata = {_OFFSETS: json.dumps(dict(offsets)), _VERSION: str(SCHEMA_VERSION)}
    table = plain(rows, kind).replace_schema_metadata(metadata)
    with atomic.replaced(path) as temporary:
        pq.write_table(table, temporary)


def coded_schema(kind: str, columns: Collection[str] | None = None) -> pa.Schema:
    """Columns of `store.schema`, all or some, as they are in memory: texts that repeat are codes."""
    code = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [
            field.with_type(code) if field.type == pa.string() and field.name not in _UNIQUE else field
            for field in SCHEMAS[kind]
            if columns is None or field.name in columns
        ]
    )


def arrow(kind: str, rows: Sequence[Row], columns: Collection[str] | None = None) -> pa.Table:
    """Records as a table in memory; a key that is missing is null.

    Raises:
        StoreError: a value is of another kind than its column.
    """
    schema = coded_schema(kind, columns)
    try:
        return pa.Table.from_pylist(list(rows), schema=schema)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(
            f"a {kind} record holds a value that does not fit its column ({reason}); "
            "see where with: vbench-lite store verify"
        ) from None


def plain(rows: pa.Table, kind: str) -> pa.Table:
    """A table with its texts written out, as files have it."""
    return rows.cast(pa.schema([SCHEMAS[kind].field(name) for name in rows.column_names]))


def merged(kind: str, rows: pa.Table) -> pa.Table:
    """Keep one row for each sample and each score, in the order of first appearance.

    Of a sample the first row that has a clip counts (it can be neither made nor counted twice), else the
    last. Of a score the last counts: scoring again replaces. Every measurement is a call of its own.
    """
    if not KEYS[kind] or len(rows) == 0:
        return rows
    key = np.zeros(len(rows), dtype=np.int64)
    for column in (texts(rows, name) for name in KEYS[kind]):
        key = key * (len(column.names) + 1) + column.codes + 1
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    if len(starts) == len(rows):
        return rows
    chosen = np.append(starts[1:], len(rows)) - 1
    if kind == "sample":
        with_clip = filled(rows, "clip_sha256")[order]
        first = np.minimum.reduceat(np.where(with_clip, np.arange(len(rows)), len(rows)), starts)
        chosen = np.where(first < len(rows), first, chosen)
    return rows.take(order[chosen][np.argsort(order[starts])])


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
