"""A run's tables for other programs: CSV, Parquet or one JSON document.

Columns are those of `store.schema`, with nothing computed or left out. In CSV a missing value is an empty
field and a list is JSON; in JSON the fields that hold JSON text are given as objects.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vbench_lite.errors import SpecError
from vbench_lite.store import atomic
from vbench_lite.store.tables import arrow

if TYPE_CHECKING:
    from vbench_lite.store.rundir import RunDir

Format = Literal["csv", "parquet", "json"]
TABLES: dict[str, str] = {"samples": "sample", "scores": "score", "measurements": "measurement"}
_JSON_TEXT = ("facts", "extras", "arrivals", "phases")


def export_document(run: RunDir, names: Sequence[str] = tuple(TABLES)) -> dict[str, Any]:
    """The run document and its tables as one JSON value."""
    document: dict[str, Any] = {"run": run.document().as_dict()}
    for name in names:
        rows = arrow(TABLES[name], run.rows(TABLES[name])).to_pylist()
        for row in rows:
            row.update({key: json.loads(row[key]) for key in _JSON_TEXT if row.get(key)})
        document[name] = rows
    return document


def export_files(
    run: RunDir, form: Format, target: Path, names: Sequence[str] = tuple(TABLES)
) -> dict[str, Path]:
    """Write tables and return the files by table (for JSON one file, under "document").

    Args:
        target: a folder for CSV and Parquet, a file for JSON; made if missing.

    Raises:
        SpecError: the target is a file where a folder is needed, or the other way round.
    """
    run.document()  # a clear error before anything is written
    if form == "json":
        if target.is_dir():
            raise SpecError(f"{target} is a folder; JSON goes to one file, give its name with -o")
        atomic.write_text(target, json.dumps(export_document(run, names), indent=1, allow_nan=False) + "\n")
        return {"document": target}
    if target.exists() and not target.is_dir():
        raise SpecError(f"{target} is a file; {form} goes to a folder, give its name with -o")
    files = {}
    for name in names:
        files[name] = target / f"{name}.{form}"
        with atomic.replaced(files[name]) as temporary:
            _write(run, form, name, temporary)
    return files


def csv_text(run: RunDir, name: str) -> str:
    """One table as CSV text with a header line."""
    frame = arrow(TABLES[name], run.rows(TABLES[name])).to_pandas(integer_object_nulls=True)
    if "replicates" in frame:
        lists = [
            None if cell is None else json.dumps([float(x) for x in cell]) for cell in frame["replicates"]
        ]
        frame["replicates"] = lists
    text: str = frame.to_csv(index=False, lineterminator="\n")
    return text


def _write(run: RunDir, form: Format, name: str, path: Path) -> None:
    if form == "csv":
        path.write_text(csv_text(run, name), encoding="utf-8")
        return
    import pyarrow.parquet as pq

    pq.write_table(arrow(TABLES[name], run.rows(TABLES[name])), path)
