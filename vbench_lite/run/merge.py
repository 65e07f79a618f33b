"""The parts of a run put together, and the whole scored as one run.

Parts may lie under this root or under another: then their clips are copied. A merged run has the id of
the plan, so the command without `--shard` finds it finished.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vbench_lite.errors import StoreError
from vbench_lite.run.executors.contract import Executor
from vbench_lite.run.generate.documents import now
from vbench_lite.run.plan.shards import FOLDER, parse_shard
from vbench_lite.run.progress import Progress, Silent
from vbench_lite.run.score_stored import score_stored
from vbench_lite.store.disk import writing
from vbench_lite.store.journal import JournalReader
from vbench_lite.store.pool import Pool
from vbench_lite.store.run_names import in_words
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import RunDocument, SampleStatus
from vbench_lite.store.tables import FILES

Record = Mapping[str, Any]


@dataclass(frozen=True)
class MergeOutcome:
    """What a merge gave: the run, its samples, and what the user should know, one line each."""

    run_id: str
    ok: int
    failed: int
    messages: list[str]


def find_parts(root: Path, names: Sequence[str]) -> list[RunDir]:
    """The parts of these names: folders of parts, names of parts under the root, or the id of a run.

    Raises:
        StoreError: a name fits nothing, or nothing but a whole run.
    """
    found: dict[Path, RunDir] = {}
    for name in names:
        fitting = _fitting(root, name)
        if not fitting:
            raise StoreError(
                f"no part of a run is named {name!r} under {root / FOLDER}; make one with: "
                "vbench-lite run --shard 1/2, or give its folder"
            )
        found |= {part.path.resolve(): part for part in fitting}
    return list(found.values())


def merge(
    root: Path, parts: Sequence[RunDir], executor: Executor, *, progress: Progress | None = None
) -> MergeOutcome:
    """Put the parts of one run together under a root, and score it.

    Raises:
        StoreError: parts are missing, unfinished, or of different runs; or the run is in use.
    """
    documents = [part.document() for part in parts]
    run_id = _check(parts, documents)
    run = RunDir(root, run_id)
    messages: list[str] = []
    progress = progress or Silent()
    with run.lock():
        if run.exists() and run.document().status == "finished":
            messages.append(f"{in_words(run.document())} is finished already")
            return _outcome(run, messages)
        document = _whole(run_id, documents)
        run.write_document(document)
        _gather(run, parts, messages)
        for suite, summary in score_stored(run, executor, progress).items():
            messages += [f"suite {suite}: {message}" for message in summary.messages]
        run.compact()
        run.write_document(replace(document, status="finished", finished=now()))
    return _outcome(run, messages)


def _fitting(root: Path, name: str) -> list[RunDir]:
    path = Path(name)
    if (path / "run.json").is_file():
        path = path.resolve()
        return [RunDir(path.parent.parent, path.name, folder=path.parent.name)]
    folder = root / FOLDER
    names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    return [
        RunDir(root, entry, folder=FOLDER)
        for entry in names
        if entry == name or entry.rsplit("-", 3)[0] == name
    ]


def _check(parts: Sequence[RunDir], documents: Sequence[RunDocument]) -> str:
    """The id of the run whose parts these are, all of them and finished."""
    by_index: dict[int, RunDir] = {}
    counts: set[int] = set()
    ids: set[str] = set()
    for part, document in zip(parts, documents, strict=True):
        if document.shard is None:
            raise StoreError(f"{part.path} is a whole run and no part of one; compare or rank it as it is")
        shard = parse_shard(document.shard)
        if document.status != "finished":
            raise StoreError(
                f"part {shard} ({part.path}) is {document.status}; give its command again and then merge"
            )
        if shard.index in by_index:
            raise StoreError(f"part {shard} is there twice: {by_index[shard.index].path} and {part.path}")
        by_index[shard.index] = part
        counts.add(shard.count)
        ids.add(part.run_id.rsplit("-", 3)[0])
    if len(ids) != 1 or len(counts) != 1:
        raise StoreError(
            f"these are parts of different runs: {', '.join(sorted(part.run_id for part in parts))}; "
            "merge one run at a time"
        )
    (count,), (run_id,) = counts, ids
    missing = [str(index) for index in range(1, count + 1) if index not in by_index]
    if missing:
        raise StoreError(f"run {run_id}: of {count} parts these are missing: {', '.join(missing)}")
    return run_id


def _whole(run_id: str, documents: Sequence[RunDocument]) -> RunDocument:
    """The document of the merged run; its hardware is that of the part that timed the generators."""
    timed = next(document for document in documents if parse_shard(document.shard or "").times)
    notes = [note for document in documents for note in document.notes]
    return replace(
        timed,
        run_id=run_id,
        status="running",
        created=max(document.created for document in documents),
        finished=None,
        shard=None,
        notes=list(dict.fromkeys(notes)),
    )


def _gather(run: RunDir, parts: Iterable[RunDir], messages: list[str]) -> None:
    """Records and clips of the parts; what an interrupted merge has gathered is not gathered again."""
    pool = Pool(run.root)
    machines = set()
    with run.journal("runner") as journal:
        there = Counter(map(_key, JournalReader(journal.path)))
        for part in parts:
            machines.add(str(part.document().hardware))
            theirs = Pool(part.root)
            for sha in part.clips():
                if not pool.has(sha):
                    with writing(pool.folder), pool.written(pool.place(sha)) as temporary:
                        shutil.copyfile(theirs.path(sha), temporary)
            for kind in FILES:
                for rows in part.batches(kind):
                    journal.extend(_without(({"kind": kind, **row} for row in rows), there))
    if len(machines) > 1:
        messages.append("the parts were made on different machines; times are those of part 1 only")


def _without(records: Iterable[Record], there: Counter[bytes]) -> list[Record]:
    """The records but for as many of each as are there, which are taken off."""
    if not there:
        return list(records)
    fresh = []
    for record in records:
        key = _key(record)
        if there[key]:
            there[key] -= 1
        else:
            fresh.append(record)
    return fresh


def _key(record: Record) -> bytes:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).digest()


def _outcome(run: RunDir, messages: list[str]) -> MergeOutcome:
    rows = run.rows("sample", ("status",))
    ok = sum(row["status"] == SampleStatus.OK for row in rows)
    return MergeOutcome(run.run_id, ok, len(rows) - ok, messages)
