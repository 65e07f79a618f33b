"""The root at a URL that a folder stands for, if it stands for one; the clips that are there."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from vbench_lite.clip import check_sha256
from vbench_lite.errors import StoreError
from vbench_lite.store import atomic
from vbench_lite.store.cache import cache_folder
from vbench_lite.store.inside import is_file
from vbench_lite.store.run_root import RunRoot

ORIGIN = "origin.json"


def mirrors() -> Path:
    """The folder in which every root at a URL has one that stands for it."""
    return cache_folder("roots")


def origin_of(folder: Path) -> dict[str, object]:
    """The URL and the runs that were last seen there; empty if the folder stands for itself.

    Only a folder in the user's own cache stands for a URL: a results folder of somebody else must not say
    where clips are fetched from.
    """
    if folder.resolve().parent != mirrors().resolve() or not is_file(folder / ORIGIN):
        return {}
    try:
        found = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise StoreError(f"{folder / ORIGIN} is damaged; delete the folder {folder}, it is a cache") from None
    return found if isinstance(found, dict) else {}


def remember(folder: Path, url: str, runs: set[str]) -> None:
    """Write down what a folder stands for."""
    text = json.dumps({"url": url, "runs": sorted(runs)}, indent=2) + "\n"
    atomic.write_text(folder / ORIGIN, text)


def mirrored_clips(root: Path) -> frozenset[str]:
    """Names of the clips at the root that a mirror stands for, listed once a process; else none."""
    url = origin_of(root).get("url")
    return frozenset() if url is None else _clips(str(url))


def has_clip(root: Path, sha: str) -> bool:
    """Whether the root that a mirror stands for has a clip."""
    return f"{sha}.mkv" in mirrored_clips(root)


def fetch_clip(root: Path, sha: str) -> bool:
    """Bring a clip into the pool of a mirror; False if this root is none, or the clip is not there."""
    if not has_clip(root, sha):
        return False
    name = f"pool/clips/{check_sha256(sha)}.mkv"
    RunRoot(str(origin_of(root)["url"])).fetch(name, root / name)
    return True


@cache
def _clips(url: str) -> frozenset[str]:
    return frozenset(RunRoot(url).names("pool/clips"))
