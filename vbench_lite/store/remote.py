"""A root at a URL, worked on through a folder of this machine.

Journals are local: a run works in the folder, and is sent when it is finished. Readers get the tables of
every finished run at once and a clip when it is asked for. The folder is a cache: it can be deleted
whenever no run is at work in it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from functools import cache
from pathlib import Path

from vbench_lite.errors import StoreError
from vbench_lite.redact import redact
from vbench_lite.store import atomic
from vbench_lite.store.cache import cache_folder
from vbench_lite.store.pool import ORIGIN, check_sha256
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.site import Site
from vbench_lite.store.transfer import sync

_opened: dict[Path, str] = {}  # mirrors that this process works in


def mirror(url: str) -> Path:
    """The folder that stands for a root at a URL, brought up to date.

    Raises:
        StoreError: the URL cannot be reached or read.
    """
    name = hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]
    folder = cache_folder("roots") / name
    site, local = Site(url), Site(str(folder))
    there = site.names("runs")
    for run_id in _sent(folder) - there:  # removed over there since
        shutil.rmtree(RunDir(folder, run_id).path, ignore_errors=True)
    got = sync(site, local, with_clips=False)
    _remember(folder, url, {*got.runs, *got.kept})
    _opened[folder] = url
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
            done = sync(Site(str(folder)), Site(url), only=None)
        except StoreError as error:
            raise StoreError(
                f"{error}; the results are kept in {folder}, and the next command with this root sends them"
            ) from None
        _remember(folder, url, {*done.runs, *done.kept})
        sent += done.runs
    return sent


def fetch_clip(root: Path, sha: str) -> bool:
    """Bring a clip into the pool of a mirror; False if this root is none, or the clip is not there."""
    if not has_clip(root, sha):
        return False
    name = f"pool/clips/{check_sha256(sha)}.mkv"
    Site(str(_origin(root)["url"])).fetch(name, root / name)
    return True


def has_clip(root: Path, sha: str) -> bool:
    """Whether the root that a mirror stands for has a clip; what is there is listed once a process."""
    url = _origin(root).get("url")
    return url is not None and f"{sha}.mkv" in _clips(str(url))


@cache
def _clips(url: str) -> frozenset[str]:
    return frozenset(Site(url).names("pool/clips"))


def shown(root: Path) -> str:
    """What to call a root in messages: its URL, if it stands for one."""
    return redact(str(_origin(root).get("url", root)))


def _origin(folder: Path) -> dict[str, object]:
    try:
        found = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise StoreError(f"{folder / ORIGIN} is damaged; delete the folder {folder}, it is a cache") from None
    return found if isinstance(found, dict) else {}


def _sent(folder: Path) -> set[str]:
    listed = _origin(folder).get("runs", [])
    return {str(name) for name in listed} if isinstance(listed, list) else set()


def _remember(folder: Path, url: str, runs: set[str]) -> None:
    text = json.dumps({"url": url, "runs": sorted(runs)}, indent=2) + "\n"
    atomic.write_text(folder / ORIGIN, text)
