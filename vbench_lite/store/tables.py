"""The three tables of a run as Parquet: which records they hold, and how far they got.

Each file's metadata says how many bytes of each journal are in it. Readers take the rows of the file and
then what the journals hold beyond that, so nothing is read twice or missed whenever a process was killed.

In memory a table is columns (Arrow), with short texts as codes: a million scores take 60 MB so, and more
than 1 GB as one dict a row.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
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
from vbench_lite.store.json_text import parse_json
from vbench_lite.store.migration import is_old, needed, new_table
from vbench_lite.store.schema import SCHEMA_VERSION, SCHEMAS
from vbench_lite.store.storable import Unstorable, fitted
from vbench_lite.store.table_checks import check_table

Row = dict[str, Any]
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
MOST_ROWS = 2**25  # of a table; more would fill the memory of the machine
CHECKSUMS = "checksums.json"  # sha256 of each table as it was written, by its file name
_OFFSETS, _VERSION = b"vbench_lite.journals", b"vbench_lite.schema_version"
_UNIQUE = (
    "clip_sha256",
    "batch_key",
    "facts",
    "arrivals",
    "phases",
    "controls",
)  # texts that hardly repeat: codes would save nothing


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
        # As `schema.empty_table()`, which imports pandas.
        return StoredTable(pa.table([pa.nulls(0, field.type) for field in schema], schema=schema), {})
    coded = {field.name for field in schema if pa.types.is_dictionary(field.type)}
    try:
        metadata = pq.read_metadata(path)
        there = [name for name in metadata.schema.names if name in coded]
        if metadata.num_rows > MOST_ROWS:
            raise ValueError(f"more than {MOST_ROWS:,} rows")
        with pq.ParquetFile(path, metadata=metadata, read_dictionary=there) as file:
            names = file.schema_arrow.names
            offsets = _journal_places(file.schema_arrow.metadata or {})
            if len(set(names)) < len(names):
                raise ValueError("a column is there twice")
            old = is_old(kind, names)
            wanted = {*schema.names, *(needed(kind, columns) if old else ())}
            found = file.read(columns=[*(wanted - _all_null(metadata))])
            found.validate(
                full=True
            )  # Arrow reads texts that are no UTF-8, and fails when they are looked at
            if old:
                found = new_table(kind, found, lambda: f"table {path}")
            nulls = cache(lambda kind: pa.nulls(len(found), kind))  # shared: they are many, and as long
            rows = pa.table(
                [
                    _fitting(found.column(field.name), field.type)
                    if field.name in found.column_names
                    else nulls(field.type)
                    for field in schema
                ],
                schema=schema,
            )
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(
            f"table {path} is damaged ({reason}); delete it to rebuild it from the journals"
        ) from None
    return StoredTable(check_table(kind, rows, lambda: f"table {path}"), offsets)


def _all_null(metadata: pq.FileMetaData) -> set[str]:
    """Columns without any value by the statistics of the file: many are, and need not be decoded."""
    nulls: Counter[str] = Counter()
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            known = column.statistics
            if known is not None and known.has_null_count:
                nulls[column.path_in_schema] += known.null_count
    return {name for name, count in nulls.items() if count == metadata.num_rows}


def _journal_places(metadata: Mapping[bytes, bytes]) -> dict[str, int]:
    """How many bytes of each journal a table covers, from its metadata."""
    if int(metadata.get(_VERSION, b"1")) > SCHEMA_VERSION:
        raise ValueError("written by a later version; upgrade vbench-lite")
    offsets = parse_json(metadata.get(_OFFSETS, b"{}"))
    if not isinstance(offsets, dict) or not all(type(size) is int and size >= 0 for size in offsets.values()):
        raise ValueError("it does not say which part of the journals it holds")
    return offsets


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
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.Table.from_pylist([_storable(kind, row) for row in rows], schema=schema)


def _storable(kind: str, row: Row) -> Mapping[str, Any]:
    try:
        return fitted({"kind": kind, **row})
    except Unstorable as error:
        key = " ".join(str(row.get(name)) for name in KEYS[kind] or ("generator", "case", "round"))
        raise StoreError(
            f"the {kind} record of {key} cannot be read: {error}; delete its line from the journal to lose "
            "this record only"
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
    row["controls"] = json.dumps(row["controls"])
    row["phases"] = json.dumps(dict(call.phases), sort_keys=True)
    return {**row, "suite": suite}


def measurement_of(row: Mapping[str, Any]) -> Measurement:
    """The timed call of a row; the inverse of `measurement_row`."""
    fields = {name: row[name] for name in Measurement.__dataclass_fields__ if name in row}
    try:
        fields["arrivals"] = tuple((float(s), int(n)) for s, n in parse_json(row["arrivals"]))
        fields["phases"] = {str(name): float(s) for name, s in parse_json(row["phases"]).items()}
        told = parse_json(row.get("controls") or "[]")
        fields["controls"] = tuple((float(i), float(s), int(f)) for i, s, f in told)
        if not fields["arrivals"]:
            raise ValueError("a call without arrivals")
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise StoreError(
            f"a timed call of {row['generator']} is damaged ({error}); restore the run from a copy"
        ) from None
    return Measurement(**fields)
