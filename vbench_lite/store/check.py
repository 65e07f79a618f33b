"""Is everything under a root still what was written? Every hash is computed again, every line read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from vbench_lite.errors import ClipError, StoreError
from vbench_lite.store.columns import records, texts
from vbench_lite.store.inside import is_file
from vbench_lite.store.journal import is_torn
from vbench_lite.store.json_text import json_object
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir, baselines, stored
from vbench_lite.store.tables import CHECKSUMS, FILES, measurement_of, read_table

_AT_ONCE = 10_000  # records that are dicts at one time


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was written: which file, what about it, what to do."""

    file: str
    reason: str


@dataclass
class Verification:
    """What was looked at, and what is wrong."""

    runs: int = 0
    tables: int = 0
    journals: int = 0
    clips: int = 0
    problems: list[Problem] = field(default_factory=list)


def verify(root: Path, tell: Callable[[int, int], None] = lambda done, total: None) -> Verification:
    """Check every run, part, table, journal and clip under a root; `tell` hears of clips."""
    found = Verification()
    pool = Pool(root)
    wanted: dict[str, str] = {}  # sha256: the run that names it
    for run in stored(root):
        found.runs += 1
        found.problems += _check_run(run, found, wanted)
    clips = (pool.folder / "clips").glob("*.mkv")
    names = sorted(path for path in clips if not path.name.startswith("."))  # those are being written
    for done, path in enumerate(names):
        tell(done, len(names))
        found.clips += 1
        found.problems += _check_clip(pool, path)
    there = {path.stem for path in names}
    for sha, run_id in sorted(wanted.items()):
        if sha not in there:
            found.problems.append(
                Problem(f"pool/clips/{sha}.mkv", f"missing, run {run_id} names it; restore it from a copy")
            )
    found.problems += _check_baselines(root)
    return found


def row_fault(run: RunDir) -> str | None:
    """What keeps readers from the rows of a run, or None."""
    problem = next(_check_rows(run, run.run_id, {}), None)
    return None if problem is None else problem.reason


def _check_run(run: RunDir, found: Verification, wanted: dict[str, str]) -> Iterator[Problem]:
    place = f"{run.path.parent.name}/{run.run_id}"
    try:
        run.document()
    except StoreError as error:
        yield Problem(f"{place}/run.json", str(error))
    yield from _check_sums(run, place)
    covered: dict[str, int] = {}  # bytes of each journal that some table holds
    for kind, name in FILES.items():
        try:
            found.tables += (run.path / name).exists()
            for journal, size in read_table(run.path / name, kind, ()).offsets.items():
                covered[journal] = max(size, covered.get(journal, 0))
        except StoreError:
            continue  # said with the rows
    for path in sorted((run.path / "journal").glob("*.jsonl")):
        found.journals += 1
        try:
            torn = is_torn(path)
        except StoreError as error:
            yield Problem(f"{place}/journal/{path.name}", str(error))
            continue
        if path.stat().st_size < covered.get(path.name, 0):
            yield Problem(f"{place}/journal/{path.name}", "shorter than it was; the tables hold what it held")
        if torn:
            yield Problem(
                f"{place}/journal/{path.name}", "a last line was cut off; the run's command repairs it"
            )
    yield from _check_rows(run, place, wanted)


def _check_rows(run: RunDir, place: str, wanted: dict[str, str]) -> Iterator[Problem]:
    """What readers see: tables and journals as one, and the JSON in their texts."""
    for kind in FILES:
        try:
            rows = run.table(kind)
            for name in ("facts", "extras"):
                for text in texts(rows, name).names if name in rows.column_names else ():
                    json_object(text, partial("column {}".format, name))
            if kind == "measurement":
                for some in records(rows, _AT_ONCE):
                    for row in some:
                        measurement_of(row)
            if kind == "sample":
                clips = texts(rows, "clip_sha256").names
                wanted |= dict.fromkeys(set(clips) - wanted.keys(), run.run_id)
        except StoreError as error:
            yield Problem(f"{place} ({kind}s)", str(error))


def _check_sums(run: RunDir, place: str) -> Iterator[Problem]:
    try:
        if not is_file(run.path / CHECKSUMS):
            return
        text = (run.path / CHECKSUMS).read_text(encoding="utf-8")
        sums = {str(name): str(value) for name, value in json.loads(text).items()}
    except StoreError as error:
        yield Problem(f"{place}/{CHECKSUMS}", str(error))
        return
    except (ValueError, AttributeError, RecursionError):
        yield Problem(f"{place}/{CHECKSUMS}", "damaged; restore it from a copy")
        return
    for name, expected in sums.items():
        path = run.path / Path(name).name
        try:
            there = is_file(path)
        except StoreError:
            continue  # said of the table itself
        if not there:
            yield Problem(f"{place}/{name}", "missing; the run's command makes it again from the journals")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            yield Problem(
                f"{place}/{name}", "not what was written; delete it to rebuild it from the journals"
            )


def _check_clip(pool: Pool, path: Path) -> Iterator[Problem]:
    try:
        whole = pool.verify(path.stem)
    except (ClipError, StoreError) as error:
        yield Problem(f"pool/clips/{path.name}", f"{error}; delete it and run again with --fresh")
        return
    if not whole:
        yield Problem(
            f"pool/clips/{path.name}",
            "its frames are not those it is named by; delete it and run again with --fresh",
        )


def _check_baselines(root: Path) -> Iterator[Problem]:
    try:
        named = baselines(root)
    except StoreError as error:
        yield Problem("baselines.json", str(error))
        return
    for name, run_id in named.items():
        if not RunDir(root, run_id).exists():
            yield Problem("baselines.json", f"baseline {name!r} names run {run_id}, which is not there")
