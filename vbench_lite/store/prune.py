"""Make room: runs that are named, and everything in the pool that no run refers to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from vbench_lite.errors import StoreError
from vbench_lite.store.disk import writing
from vbench_lite.store.inside import inside
from vbench_lite.store.locks import root_lock
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir, baselines, stored


@dataclass
class Pruning:
    """What was removed, or would be: names relative to the root, and their bytes."""

    files: list[str] = field(default_factory=list)
    bytes: int = 0


def prune(root: Path, names: Sequence[str] = (), *, dry: bool = False) -> Pruning:
    """Remove runs or parts by id, then clips, previews and features that are left without a run.

    Args:
        dry: only say what would be removed.

    Raises:
        StoreError: a name fits nothing or is a baseline's run; a run is at work; or a run is damaged, so
            that nobody knows what it refers to; or what would be removed lies behind a link.
    """
    done = Pruning()
    only_read = dry and not os.access(
        root, os.W_OK
    )  # what a run at work is about to refer to is not known then
    with nullcontext() if only_read else root_lock(root, alone=True):
        runs = stored(root)
        doomed = [_find(runs, name) for name in names]
        kept_by = {run_id: name for name, run_id in baselines(root).items()}
        for run in doomed:
            if run.run_id in kept_by:
                raise StoreError(
                    f"run {run.run_id} is the baseline {kept_by[run.run_id]!r}; name another baseline first"
                )
        kept = [run for run in runs if run not in doomed]
        wanted = {sha for run in kept for sha in run.clips()}
        with writing(root):
            for run in doomed:
                _remove(root, _files(run.path), done, dry)
                if not dry:
                    shutil.rmtree(inside(root, run.path))
            _remove(root, _unwanted(root, wanted), done, dry)
    return done


def _find(runs: Sequence[RunDir], name: str) -> RunDir:
    fitting = [run for run in runs if run.run_id == name]
    if len(fitting) != 1:
        raise StoreError(f"no run or part is named {name!r}; see: vbench-lite store ls")
    return fitting[0]


def _unwanted(root: Path, wanted: set[str]) -> Iterator[Path]:
    """Files of the pool that belong to no clip of a run, and those of writers that were killed."""
    folder = Pool(root).folder
    gone = set()
    for path in sorted((folder / "clips").glob("*")):
        if path.name.startswith(".") or path.stem not in wanted:
            gone.add(path.stem)
            yield path
    for path in sorted((folder / "previews").glob("*")):
        if path.name.startswith(".") or path.stem not in wanted:
            yield path
    for path in sorted((folder / "features").glob("*/*/*.npy")):
        if path.name.startswith(".") or path.stem in gone:
            yield path


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _remove(root: Path, paths: Iterator[Path] | list[Path], done: Pruning, dry: bool) -> None:
    for path in paths:
        inside(root, path.parent)  # a link itself may go, what it points to may not
        done.files.append(str(path.relative_to(root)))
        done.bytes += path.lstat().st_size
        if not dry:
            path.unlink()
