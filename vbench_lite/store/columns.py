"""Columns of a table as numpy arrays, for whoever counts or groups a million rows.

The arrays lie where Arrow has them. Its own ways to numpy import pandas, as does joining the chunks of a
column without any, and its functions (`cast`, `take`, `dictionary_encode`) another module: each takes as long
as reading the table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Texts:
    """A column of texts.

    Attributes:
        names: the different texts, each once. codes: int32 (rows,), place of each row's text in `names`;
            -1 where there is none.
    """

    names: tuple[str, ...]
    codes: npt.NDArray[np.int32]

    def among(self, wanted: str, places: Places | None = None) -> Flags:
        """Which rows have this text, of all rows or of some: bool (rows,)."""
        codes = self.codes if places is None else self.codes[places]
        return np.equal(codes, self.names.index(wanted) if wanted in self.names else len(self.names))

    def used(self, places: Places | None = None) -> list[str]:
        """The texts that occur, in all rows or in some."""
        codes = self.codes if places is None else self.codes[places]
        return [self.names[code] for code in np.flatnonzero(np.bincount(codes[codes >= 0]))]

    def of(self, places: Places) -> list[str]:
        """The texts of some rows; empty where there is none."""
        found: list[str] = self._texts[self.codes[places]].tolist()
        return found

    def cells(self, start: int, stop: int) -> list[str | None]:
        """The texts of the rows from start to before stop; None where there is none."""
        found: list[str | None] = self._cells[self.codes[start:stop]].tolist()
        return found

    def counts(self, places: Places) -> dict[str, int]:
        """How often each text occurs in some rows, in the order of first appearance."""
        if not len(places):
            return {}
        _, first, counts = np.unique(self.codes[places], return_index=True, return_counts=True)
        names = self.of(places[first])
        found: Counter[str] = Counter()
        for i in np.argsort(first):
            found[names[i]] += int(counts[i])
        return dict(found)

    @cached_property
    def _texts(self) -> npt.NDArray[np.object_]:
        return np.array([*self.names, ""], dtype=object)  # -1 is the last

    @cached_property
    def _cells(self) -> npt.NDArray[np.object_]:
        return np.array([*self.names, None], dtype=object)


def texts(table: pa.Table, name: str) -> Texts:
    """A column of texts, coded or not."""
    column = table.column(name)
    if not pa.types.is_dictionary(column.type):
        place: dict[str, int] = {}
        found = [-1 if text is None else place.setdefault(text, len(place)) for text in column.to_pylist()]
        return Texts(tuple(place), np.array(found, dtype=np.int32))
    coded = whole(column.unify_dictionaries())
    codes = _values(coded.indices, np.int32)
    gaps = _gaps(coded.indices)
    return Texts(tuple(coded.dictionary.to_pylist()), codes if gaps is None else np.where(gaps, -1, codes))


def whole(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece; one that is in one piece is not copied."""
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.combine_chunks() if column.num_chunks else pa.nulls(0, column.type)


def listed(column: pa.Array) -> pa.Array:
    """The values of a column of lists, one list after the other; `flatten` of Arrow imports its functions."""
    first, last = (int(place) for place in _values(column, np.int32, 1)[[0, -1]]) if len(column) else (0, 0)
    return column.values.slice(first, last - first)


def records(table: pa.Table, at_once: int) -> Iterator[list[dict[str, Any]]]:
    """The rows as dicts, so many at a time; Arrow's own way takes five times as long for coded texts."""
    coded = {f.name: texts(table, f.name) for f in table.schema if pa.types.is_dictionary(f.type)}
    for start in range(0, len(table), at_once):
        stop = min(start + at_once, len(table))
        columns = [
            coded[name].cells(start, stop)
            if name in coded
            else table.column(name).slice(start, at_once).to_pylist()
            for name in table.column_names
        ]
        yield [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def numbers(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """A column of float64, (rows,); NaN where there is none."""
    column = whole(table.column(name))
    values, gaps = _values(column, np.float64), _gaps(column)
    return values if gaps is None else np.where(gaps, np.nan, values)


def integers(table: pa.Table, name: str) -> npt.NDArray[np.int64]:
    """A column of int64 without gaps, (rows,)."""
    return _values(whole(table.column(name)), np.int64)


def flags(table: pa.Table, name: str) -> Flags:
    """A column of flags, bool (rows,); False where there is none."""
    column = whole(table.column(name))
    bits = column.buffers()[1]
    if bits is None:
        return np.zeros(len(table), dtype=np.bool_)
    every = np.unpackbits(np.frombuffer(bits, np.uint8), count=column.offset + len(column), bitorder="little")
    gaps, found = _gaps(column), every[column.offset :].astype(np.bool_)
    return found if gaps is None else found & ~gaps


def present(column: pa.Array) -> npt.NDArray[Any]:
    """The numbers of a column of int64 or float64, without its gaps: (rows - gaps,)."""
    gaps = _gaps(column)
    values = _values(column, np.int64 if pa.types.is_integer(column.type) else np.float64)
    return values if gaps is None else values[~gaps]


def filled(table: pa.Table, name: str) -> Flags:
    """Which rows have something in a column, bool (rows,)."""
    gaps = _gaps(whole(table.column(name)))
    return np.ones(len(table), dtype=np.bool_) if gaps is None else ~gaps


def _values(array: pa.Array, kind: type[Any], more: int = 0) -> npt.NDArray[Any]:
    buffer = array.buffers()[1]
    if buffer is None:  # of no rows
        return np.empty(0, dtype=kind)
    return np.frombuffer(buffer, dtype=kind, count=len(array) + array.offset + more)[array.offset :]


def _gaps(array: pa.Array) -> Flags | None:
    """Where nothing is, bool (rows,); None where there is no gap."""
    if array.null_count == 0:
        return None
    bits = np.frombuffer(array.buffers()[0], dtype=np.uint8)
    there = np.unpackbits(bits, count=array.offset + len(array), bitorder="little")[array.offset :]
    return np.equal(there, 0)
