"""The one door for tables: they hold values that readers can count with, or one error says why not.

Rows come from Parquet files and journals that somebody else may have written or damaged. Only columns that
were read are looked at; a million rows take some hundredths of a second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vbench_lite.errors import StoreError
from vbench_lite.store.columns import filled, listed, present, texts, whole
from vbench_lite.store.schema import Level, SampleStatus, ScoreStatus
from vbench_lite.store.storable import LARGEST

_NEVER_NULL = {
    "sample": ("generator", "suite", "sample_id", "prompt_id", "prompt", "seed", "status"),
    "score": ("generator", "suite", "level", "metric", "status"),
    "measurement": (
        *("generator", "suite", "case", "round", "call", "total_s", "arrivals", "frames_generated"),
        *("frames_returned", "batch", "height", "width", "fps", "phases", "contended"),
    ),
}
_WORDS: dict[tuple[str, str], frozenset[str]] = {
    ("sample", "status"): frozenset(SampleStatus),
    ("score", "status"): frozenset(ScoreStatus),
    ("score", "level"): frozenset(Level),
    ("score", "call"): frozenset(("first", "warm")),
    ("measurement", "call"): frozenset(("first", "warm")),
}
_CALL = re.compile(r".+/[0-9]{1,9}/[0-9]{1,9}", re.DOTALL)
_ABOVE_ZERO = {
    "sample": frozenset(("fps",)),
    "score": frozenset(("weight",)),
    "measurement": frozenset(("fps", "total_s")),  # rates are divided by it
}
_NOT_BELOW_ZERO = ("total_s", "first_frame_s", "load_s", "n", "num_frames", "batch", "height", "width")


def check_table(kind: str, rows: pa.Table, where: Callable[[], str]) -> pa.Table:
    """The table itself; `where` names it in errors.

    Raises:
        StoreError: a value that no writer of this package writes.
    """
    fault = next(_faults(kind, rows), None)
    if fault is None:
        return rows
    raise StoreError(
        f"{where()} is damaged: {fault}; delete the table to rebuild it from the journals, or restore the "
        "run from a copy"
    )


def _faults(kind: str, rows: pa.Table) -> Iterator[str]:
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        if name in _NEVER_NULL[kind] and _has_gap(column):
            yield f"column {name} lacks a value"
        words = _WORDS.get((kind, name))
        if words is not None and not words.issuperset(known := texts(rows, name).names):
            yield f"column {name} holds {sorted(set(known) - words)[0][:40]!r}"
        values = whole(column)
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            yield from _number_faults(name, present(values), name in _ABOVE_ZERO[kind])
        elif pa.types.is_list(column.type):
            yield from _list_faults(name, values)
    if kind == "score" and {"level", "sample_id"} <= set(rows.column_names):
        levels, samples = texts(rows, "level"), texts(rows, "sample_id")
        named = levels.among(Level.SAMPLE)
        if "status" in rows.column_names:  # a generator that has no calls says so in a row of none
            named = named | (levels.among(Level.CALL) & texts(rows, "status").among(ScoreStatus.OK))
        if np.any(samples.codes[named] < 0):
            yield "column sample_id lacks a value"
        calls = np.flatnonzero(levels.among(Level.CALL))
        odd = [name for name in samples.used(calls) if not _CALL.fullmatch(name)]
        if odd:
            yield f"column sample_id holds {odd[0][:40]!r} for a call, which is named CASE/ROUND/INDEX"
    if kind == "score" and {"level", "status", "n"} <= set(rows.column_names):
        of_sets = texts(rows, "level").among(Level.SET) & texts(rows, "status").among(ScoreStatus.OK)
        if np.any(of_sets & ~filled(rows, "n")):
            yield "column n lacks the number of clips behind the value of a set"


def _has_gap(column: pa.ChunkedArray) -> bool:
    return column.null_count > 0 or any(
        pa.types.is_dictionary(chunk.type) and chunk.dictionary.null_count for chunk in column.chunks
    )


def _number_faults(name: str, values: npt.NDArray[Any], above_zero: bool) -> Iterator[str]:
    if not np.all(np.isfinite(values)) or np.any(np.abs(values) > LARGEST):
        yield f"column {name} holds what is no finite number up to {LARGEST:g}"
    if above_zero and np.any(values <= 0):
        yield f"column {name} holds a number that is not above 0"
    if name in _NOT_BELOW_ZERO and np.any(values < 0):
        yield f"column {name} holds a number below 0"


def _list_faults(name: str, column: pa.Array) -> Iterator[str]:
    values = listed(column)
    while pa.types.is_list(values.type):
        values = listed(values)
    if values.null_count or not np.all(np.isfinite(present(values))):
        yield f"column {name} holds a list with what is no number"
