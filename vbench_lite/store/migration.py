"""Rows of schema version 1 as those of version 2.

Version 1 kept in JSON texts what code reads: pieces, batch and origin of a sample in `facts`, series, weight
and marks of a score in `extras`. Version 2 has columns for them. A journal may hold rows of both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

import pyarrow as pa

from vbench_lite.store.json_text import json_object
from vbench_lite.store.schema import SCHEMAS

Row = dict[str, Any]
# Where version 1 has them: the JSON column, and the key of each column of version 2.
MOVED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "sample": ("facts", {"pieces": "pieces", "batch_key": "batch", "reused_from": "adopted_from"}),
    "score": (
        "extras",
        {name: name for name in ("series", "weight", "retry", "asked", "call", "contended")},
    ),
}
_EMPTY: Mapping[str, Any] = {"retry": False}


def is_old(kind: str, names: Collection[str]) -> bool:
    """Whether a row or a table with these columns is of version 1."""
    return kind in MOVED and not MOVED[kind][1].keys() & set(names)


def needed(kind: str, columns: Collection[str] | None) -> set[str]:
    """Columns of version 1 that some columns of version 2 are made of."""
    if kind not in MOVED:
        return set()
    source, moved = MOVED[kind]
    return {source} if columns is None or {source, *moved} & set(columns) else set()


def new_row(kind: str, row: Row, where: Callable[[], str]) -> Row:
    """A row of version 2; `where` names it in errors.

    Raises:
        StoreError: its JSON text is damaged.
    """
    if not is_old(kind, row):
        return row
    source, moved = MOVED[kind]
    facts = json_object(row.get(source), where)
    values = {name: facts.pop(key, _EMPTY.get(name)) for name, key in moved.items()}
    return {**row, source: json.dumps(facts, sort_keys=True), **values}


def new_table(kind: str, table: pa.Table, where: Callable[[], str]) -> pa.Table:
    """The table with the columns of version 2, as they are in files; raises as `new_row`.

    A text that many rows share is read once.
    """
    source, moved = MOVED[kind]
    if source not in table.column_names:
        return table
    column = table.column(source)
    coded = pa.types.is_dictionary(column.type)
    column = (
        column.unify_dictionaries().combine_chunks() if coded else column.combine_chunks().dictionary_encode()
    )
    facts = [json_object(text, where) for text in column.dictionary.to_pylist()]
    for name, key in moved.items():
        found = [one.pop(key, _EMPTY.get(name)) for one in facts]
        kind_of = SCHEMAS[kind].field(name).type
        values = pa.array([*found, _EMPTY.get(name)], kind_of)
        table = table.append_column(name, values.take(_places(column, len(facts))))
    texts = pa.array([*(json.dumps(one, sort_keys=True) for one in facts), None], pa.string())
    return table.set_column(table.column_names.index(source), source, texts.take(_places(column, len(facts))))


def _places(column: pa.Array, none: int) -> pa.Array:
    return column.indices.fill_null(none)
