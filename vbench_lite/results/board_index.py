"""Leaderboards that were made before, kept under the root and used while nothing they rest on has changed.

An index and no truth: it can be deleted at any time. Its name is a hash over the documents, tables and
journals of its runs, over the code that makes boards, and over the metrics that are installed; so an
entry that is found is what would be made again. At a million score rows that saves seconds.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from vbench_lite import __version__
from vbench_lite.errors import StoreError
from vbench_lite.gc_pause import uncollected
from vbench_lite.metric import Axis, SetRule
from vbench_lite.results.arms import Arm
from vbench_lite.results.axes import AxisScore
from vbench_lite.results.board import Board, BoardRow, build_board
from vbench_lite.results.catalogue import MetricFacts
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.results.trust import TrustFlag
from vbench_lite.store import atomic
from vbench_lite.store.inside import inside
from vbench_lite.store.rundir import DOCUMENT, RunDir
from vbench_lite.store.schema import Level
from vbench_lite.store.tables import CHECKSUMS
from vbench_lite.suite import Suite

FOLDER = "index"
KEPT = 20  # entries; the oldest leave
LEAST_BYTES = 2**20  # of the tables: smaller ones are read faster than they are worth an entry


def indexed_board(
    root: Path, runs: Sequence[RunDir], *, suite: str | None = None, every: bool = False
) -> Board:
    """The board of `build_board`, from the index if it is there; without what only comparisons read.

    Raises:
        StoreError: as build_board.
    """
    size = sum(path.stat().st_size for run in runs for path in run.path.glob("*.parquet"))
    if size < LEAST_BYTES:
        return build_board(runs, suite=suite, every=every)
    path = root / FOLDER / f"board-{_key(runs, suite, every)}.json"
    try:
        found = restored(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):  # not there, or damaged: made again
        found = None
    if isinstance(found, Board):
        return found
    with uncollected():
        board = build_board(runs, suite=suite, every=every)
    text = json.dumps(stored(_shown(board)), allow_nan=False)
    try:
        atomic.write_text(inside(root, path), text)
        for old in sorted(path.parent.glob("board-*.json"), key=lambda p: p.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    except (OSError, StoreError):  # a root that cannot be written can be read all the same
        return board
    return board


# --- as JSON --------------------------------------------------------------------------------------

_CLASSES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (Board, BoardRow, Arm, MetricEstimate, MetricFacts, SetRule, AxisScore, TrustFlag)
}
# Names of the fields, and whether one is empty by default: an estimate has many that mostly are.
_FIELDS = {
    kind: [
        (field.name, field.default in ((), frozenset()) or field.default_factory is dict)
        for field in dataclasses.fields(kind)
    ]
    for kind in _CLASSES.values()
}
_PLAIN = frozenset({str, int, float, bool, type(None)})
_ENUMS: dict[str, type[Any]] = {kind.__name__: kind for kind in (Axis, Level)}


def stored(value: Any) -> Any:
    """A value as JSON that says of what class it is."""
    if type(value) in _PLAIN:  # most of them, by far
        return value
    if isinstance(value, Suite):
        return {"@": "Suite", "": value.model_dump(mode="json")}
    if type(value).__name__ in _ENUMS:
        return {"@": type(value).__name__, "": value.value}
    kind = type(value)
    if kind in _FIELDS:
        parts = ((name, getattr(value, name), sparse) for name, sparse in _FIELDS[kind])
        kept = {name: stored(part) for name, part, sparse in parts if not sparse or part}
        return {"@": kind.__name__, "": kept}
    if isinstance(value, np.ndarray):
        return {"@": "array", "": value.tolist()}
    if isinstance(value, Mapping):
        keys, values = _all_stored(value), _all_stored(value.values())
        return {"@": "dict", "": [list(pair) for pair in zip(keys, values, strict=True)]}
    if isinstance(value, tuple | frozenset):
        return {"@": type(value).__name__, "": _all_stored(value)}
    if isinstance(value, list):
        return _all_stored(value)
    return value.item() if isinstance(value, np.generic) else value


def _all_stored(values: Collection[Any]) -> list[Any]:
    plain = _PLAIN.issuperset(map(type, values))
    return list(values) if plain else [stored(inner) for inner in values]


def restored(value: Any) -> Any:
    """The value of what `stored` gave.

    Raises:
        ValueError, KeyError, TypeError: it gave no such thing.
    """
    if isinstance(value, list):
        return [restored(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    kind, data = value["@"], value[""]
    match kind:
        case "Suite":
            return Suite.model_validate(data)
        case "array":
            return np.array(data, dtype=np.float64)
        case "dict":
            return {restored(key): restored(inner) for key, inner in data}
        case "tuple" | "frozenset":
            return (tuple if kind == "tuple" else frozenset)(restored(inner) for inner in data)
    if kind in _ENUMS:
        return _ENUMS[kind](data)
    return _CLASSES[kind](**{name: restored(inner) for name, inner in data.items()})


def _shown(board: Board) -> Board:
    """The board without the values of single clips, which no table shows; axes keep what pairs need."""
    return replace(
        board,
        rows=[_slim(row) for row in board.rows],
        controls=[_slim(row) for row in board.controls],
        imported=[_slim(row) for row in board.imported],
    )


def _slim(row: BoardRow) -> BoardRow:
    measured = {
        name: replace(one, by_prompt={}, by_sample={}, prompt_weights={}, prompts=(), replicates=())
        for name, one in row.arm.estimates.items()
    }
    arm = replace(row.arm, estimates=measured, prompt_of={})
    if arm.ok == arm.planned:  # else a limit on coverage asks which requests were answered
        arm = replace(arm, clips={}, requests={})
    return replace(row, arm=arm)


# --- when an entry holds --------------------------------------------------------------------------


def _key(runs: Sequence[RunDir], suite: str | None, every: bool) -> str:
    digest = hashlib.sha256(json.dumps([__version__, suite, every]).encode())
    for run in runs:
        for name in (DOCUMENT, CHECKSUMS):
            path = run.path / name
            digest.update(path.read_bytes() if path.exists() else b"none")
        for path in (*sorted(run.path.glob("*.parquet")), *sorted(run.path.glob("journal/*.jsonl"))):
            state = path.stat()
            digest.update(f"{path.name} {state.st_size} {state.st_mtime_ns}".encode())
    package = Path(__file__).parents[1]
    beside = package.parent / "suites"  # where an editable installation has it
    for folder in (package, beside):
        for path in sorted(folder.rglob("*.py")):
            state = path.stat()
            digest.update(f"{path.name} {state.st_size} {state.st_mtime_ns}".encode())
    entries = sorted(metadata.entry_points(group="vbench_lite.metrics"), key=lambda one: one.name)
    sources = {id(entry.dist): entry.dist for entry in entries}  # a version is parsed at each look
    versions = {key: source.version if source else "" for key, source in sources.items()}
    for entry in entries:
        digest.update(f"{entry.name} {entry.value} {versions[id(entry.dist)]}".encode())
    return digest.hexdigest()[:32]
