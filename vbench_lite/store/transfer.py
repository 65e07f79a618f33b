"""Finished runs from one root to another, whatever the two are made of.

Clips go first, then tables, and the run's document last: a reader finds a whole run or none. What is
there already is not sent again, so a transfer that was cut off goes on by the same command.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from vbench_lite.clip import check_sha256
from vbench_lite.errors import StoreError
from vbench_lite.secrets import redact
from vbench_lite.store import atomic
from vbench_lite.store.disk import writing
from vbench_lite.store.inside import is_file
from vbench_lite.store.run_root import RunRoot
from vbench_lite.store.rundir import DOCUMENT, check_run_id
from vbench_lite.store.tables import CHECKSUMS, FILES

BASELINES = "baselines.json"
_BESIDE = ("audits", "loads")  # folders of small files that belong to the root as a whole


@dataclass
class Transfer:
    """What a transfer did.

    Attributes:
        runs: ids of the runs that were sent. kept: those that were there already.
        clips: how many clips were sent. skipped: runs that are not finished.
        damaged: what is wrong with runs that cannot be sent, by their ids.
    """

    runs: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    clips: int = 0
    damaged: dict[str, str] = field(default_factory=dict)


class _DamagedError(StoreError):
    """A run is not what was written: it costs itself; a place that cannot be reached ends a transfer."""


def sync(
    source: RunRoot,
    target: RunRoot,
    *,
    with_clips: bool = True,
    only: Iterable[str] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Transfer:
    """Copy every finished run of `source` that `target` does not have as it is.

    Args:
        with_clips: also the clips of the runs; without them tables only.
        only: ids of runs; None for all.

    Raises:
        StoreError: a run that `only` names is damaged, or a place cannot be reached after several attempts.
    """
    done = Transfer()
    wanted = None if only is None else set(only)
    known_clips = _Known(target) if with_clips else None
    for run_id in sorted(source.names("runs")):
        if wanted is not None and run_id not in wanted:
            continue
        try:
            _send_run(source, target, run_id, done, known_clips, tell)
        except _DamagedError as error:
            if wanted is not None:
                raise
            done.damaged[run_id] = str(error)
    if wanted is None:
        _send_beside(source, target)
    return done


class _Known:
    """The clips that the target has, asked for once and only if a run has any."""

    def __init__(self, target: RunRoot) -> None:
        self._target = target

    @cached_property
    def names(self) -> set[str]:
        return self._target.names("pool/clips")


def _send_run(
    source: RunRoot,
    target: RunRoot,
    run_id: str,
    done: Transfer,
    known: _Known | None,
    tell: Callable[[str], None],
) -> None:
    document = source.read(f"runs/{check_run_id(run_id)}/{DOCUMENT}")
    if document is None or not _finished(document, f"{redact(source.url)}/runs/{run_id}"):
        done.skipped.append(run_id)
        return
    with tempfile.TemporaryDirectory() as folder:
        tables = _tables(source, run_id, Path(folder))
        if known is not None:
            done.clips += _send_clips(source, target, tables, known.names, tell)
        if _same(source, target, run_id, document):
            done.kept.append(run_id)
            return
        tell(f"run {run_id}")
        target.remove(f"runs/{run_id}/{DOCUMENT}")
        for path in tables:
            target.store(path, f"runs/{run_id}/{path.name}")
        last = Path(folder) / DOCUMENT
        last.write_bytes(document)
        target.store(last, f"runs/{run_id}/{DOCUMENT}")
    done.runs.append(run_id)


def _finished(document: bytes, where: str) -> bool:
    try:
        return bool(json.loads(document)["status"] == "finished")
    except (ValueError, KeyError, TypeError):
        raise _DamagedError(f"run document {where}/{DOCUMENT} is damaged; restore it from a copy") from None


def _same(source: RunRoot, target: RunRoot, run_id: str, document: bytes) -> bool:
    sums = f"runs/{run_id}/{CHECKSUMS}"
    return target.read(f"runs/{run_id}/{DOCUMENT}") == document and target.read(sums) == source.read(sums)


def _tables(source: RunRoot, run_id: str, folder: Path) -> list[Path]:
    """The tables of a run on this machine, checked against their hashes."""
    there = source.names(f"runs/{run_id}")
    paths = []
    for name in (*FILES.values(), CHECKSUMS):
        if name in there:
            source.fetch(f"runs/{run_id}/{name}", folder / name)
            paths.append(folder / name)
    if CHECKSUMS in there:
        for name, expected in _checksums(folder / CHECKSUMS, run_id).items():
            found = folder / Path(name).name
            if not found.exists() or hashlib.sha256(found.read_bytes()).hexdigest() != expected:
                raise _DamagedError(
                    f"table {redact(source.url)}/runs/{run_id}/{name} is not what was written; "
                    "restore it from a copy, or run: vbench-lite store verify"
                )
    return paths


def _checksums(path: Path, run_id: str) -> dict[str, str]:
    try:
        return {str(name): str(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()}
    except (ValueError, AttributeError, RecursionError):
        raise _DamagedError(f"{CHECKSUMS} of run {run_id} is damaged; restore it from a copy") from None


def _send_clips(
    source: RunRoot, target: RunRoot, tables: Iterable[Path], known: set[str], tell: Callable[[str], None]
) -> int:
    """Send the clips of a run that the target has not; adds them to `known`."""
    count = 0
    for path in tables:
        if path.name != FILES["sample"]:
            continue
        try:
            shas = pq.read_table(path, columns=["clip_sha256"]).column(0).to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise _DamagedError(f"table {path.name} is damaged: {str(error).splitlines()[0]}") from None
        for sha in sorted({sha for sha in shas if sha}):
            name = f"{check_sha256(sha)}.mkv"
            if name in known:
                continue
            tell(f"clip {sha[:12]}")
            _send(source, target, f"pool/clips/{name}")
            known.add(name)
            count += 1
    return count


def _send(source: RunRoot, target: RunRoot, name: str) -> None:
    if source.local is not None:
        place = source.place(name)
        if not is_file(place):
            raise _DamagedError(f"{place} is missing; restore it, or run: vbench-lite store verify")
        target.store(place, name)
    elif target.local is not None:
        source.fetch(name, target.place(name))
    else:
        with tempfile.TemporaryDirectory() as folder:
            source.fetch(name, Path(folder) / "file")
            target.store(Path(folder) / "file", name)


def _send_beside(source: RunRoot, target: RunRoot) -> None:
    """Names of baselines, where the target has not given them already; and folders beside the runs."""
    for folder in _BESIDE:
        for name in sorted(source.names(folder) - target.names(folder)):
            _send(source, target, f"{folder}/{name}")
    ours = source.read(BASELINES)
    if ours is None:
        return
    theirs = target.read(BASELINES)
    merged = {**json.loads(ours), **json.loads(theirs or b"{}")}
    text = json.dumps(merged, indent=2, sort_keys=True) + "\n"
    if theirs is None or text.encode() != theirs:
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / BASELINES
            with writing(path):
                atomic.write_text(path, text)
            target.store(path, BASELINES)
