"""A root at a URL, worked on through a folder of this machine.

Journals are local: a run works in the folder, and is sent when it is finished. Readers get the tables of
every finished run at once and a clip when it is asked for. The folder is a cache: it can be deleted
whenever no run is at work in it.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from vbench_lite.errors import StoreError
from vbench_lite.store.origin import mirrors, origin_of, remember
from vbench_lite.store.run_root import RunRoot
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.transfer import Transfer, sync

_opened: dict[Path, str] = {}  # mirrors that this process works in


def mirror(url: str) -> Path:
    """The folder that stands for a root at a URL, brought up to date.

    Raises:
        StoreError: the URL cannot be reached or read.
    """
    name = hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]
    folder = mirrors() / name
    site, local = RunRoot(url), RunRoot(str(folder))
    there = site.names("runs")
    for run_id in _sent(folder) - there:  # removed over there since
        shutil.rmtree(RunDir(folder, run_id).path, ignore_errors=True)
    got = sync(site, local, with_clips=False)
    remember(folder, url, {*got.runs, *got.kept})
    _opened[folder] = url
    _whole(got)
    return folder


def publish() -> list[str]:
    """Send what this process has finished in its mirrors; ids of the runs that were sent.

    Raises:
        StoreError: the URL cannot be reached; everything stays in the mirror, and the next command with
            this root sends it.
    """
    sent: list[str] = []
    for folder, url in _opened.items():
        try:
            done = sync(RunRoot(str(folder)), RunRoot(url), only=None)
            _whole(done)
        except StoreError as error:
            raise StoreError(
                f"{error}; the results are kept in {folder}, and the next command with this root sends them"
            ) from None
        remember(folder, url, {*done.runs, *done.kept})
        sent += done.runs
    return sent


def _whole(done: Transfer) -> None:
    """Raise what is wrong with the first run that was left out."""
    for fault in done.damaged.values():
        raise StoreError(fault)


def _sent(folder: Path) -> set[str]:
    listed = origin_of(folder).get("runs", [])
    return {str(name) for name in listed} if isinstance(listed, list) else set()
