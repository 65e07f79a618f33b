"""A run's tables for other programs: CSV, Parquet or one JSON document.

Columns are those of `store.schema`, with nothing computed or left out. In CSV a missing value is an empty
field and a list is JSON, and a text that a spreadsheet would run as a formula begins with an apostrophe; in
JSON the fields that hold JSON text are given as objects.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa

from vbench_lite.errors import StoreError
from vbench_lite.store.columns import texts
from vbench_lite.store.json_text import parse_json
from vbench_lite.store.output_file import output_file, output_folder, write_output

if TYPE_CHECKING:
    from vbench_lite.store.rundir import RunDir

Format = Literal["csv", "parquet", "json"]
TABLES: dict[str, str] = {"samples": "sample", "scores": "score", "measurements": "measurement"}
_AT_ONCE = 50_000  # rows that are text at one time
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NOTHING = '""'  # the empty field
_JSON_TEXT = ("facts", "extras", "arrivals", "phases", "controls")


def json_pieces(run: RunDir, names: Sequence[str] = tuple(TABLES)) -> Iterator[str]:
    """The run document and its tables as the text of one JSON value, a record a line."""
    yield '{\n"run": ' + json.dumps(run.document().as_dict(), allow_nan=False)
    for name in names:
        yield f',\n"{name}": ['
        between = "\n"
        for rows in run.batches(TABLES[name]):
            for row in rows:
                row.update({key: _value(row[key], run) for key in _JSON_TEXT if row.get(key)})
            yield between + ",\n".join(json.dumps(row, allow_nan=False) for row in rows)
            between = ",\n"
        yield "]"
    yield "}\n"


def _value(text: str, run: RunDir) -> Any:
    try:
        return parse_json(text)
    except ValueError as error:
        raise StoreError(
            f"a table of run {run.run_id} holds what is no JSON ({error}); restore it from a copy"
        ) from None


def csv_pieces(run: RunDir, name: str) -> Iterator[str]:
    """One table as CSV text with a header line; every text is quoted."""
    table = run.table(TABLES[name])
    columns = [_cells(table, field) for field in table.schema]
    yield ",".join(map(_quoted, table.column_names)) + "\n"
    for start in range(0, len(table), _AT_ONCE):
        rows = zip(*(cells(start, start + _AT_ONCE) for cells in columns), strict=True)
        yield "".join(f"{','.join(row)}\n" for row in rows)


def _cells(table: pa.Table, field: pa.Field) -> Callable[[int, int], list[str]]:
    """What gives the cells of a column, from one row to before another."""
    if pa.types.is_dictionary(field.type) or pa.types.is_string(field.type):
        known = texts(table, field.name)
        # Most texts repeat, so each is looked at once, and not in every row. -1, for none, is the last.
        written = np.array([*(_quoted(_no_formula(text)) for text in known.names), _NOTHING], dtype=object)
        return lambda start, stop: written[known.codes[start:stop]].tolist()
    column = table.column(field.name)
    write = _json_cell if pa.types.is_list(field.type) else str
    return lambda start, stop: [
        _NOTHING if value is None else write(value) for value in column.slice(start, stop - start).to_pylist()
    ]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _json_cell(value: Any) -> str:
    return _quoted(json.dumps(value))


def _no_formula(text: str) -> str:
    """A text that a spreadsheet would run as a formula, with an apostrophe before it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def export_files(
    run: RunDir, form: Format, target: Path, names: Sequence[str] = tuple(TABLES)
) -> dict[str, Path]:
    """Write tables and return the files by table (for JSON one file, under "document").

    Args:
        target: a folder for CSV and Parquet, a file for JSON; made if missing, the folder it lies in is not.

    Raises:
        SpecError: the target is a file where a folder is needed, or the other way round.
    """
    run.document()  # a clear error before anything is written
    if form == "json":
        write_output(target, json_pieces(run, names))
        return {"document": target}
    output_folder(target)
    files = {name: target / f"{name}.{form}" for name in names}
    for name, file in files.items():
        if form == "csv":
            write_output(file, csv_pieces(run, name))
            continue
        import pyarrow.parquet as pq

        with output_file(file) as place:
            # Without Arrow's own schema the codes of texts read as the texts that they stand for.
            pq.write_table(run.table(TABLES[name]), place, store_schema=False)
    return files
