"""What extractors and metrics ask for: the weights of a key, checked, converted once, kept in the cache.

    CACHE/weights/<key>@<version of the conversion>/model.safetensors, with any further files beside it

The header of the file says where it came from. A folder is renamed into place whole, under a lock of its
key, so that processes that want the same weights fetch and convert them once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vbench_lite.errors import FetchError, WeightsError
from vbench_lite.store.cache import cache_folder
from vbench_lite.weights import catalogue, convert, reading, sources
from vbench_lite.weights.catalogue import Entry
from vbench_lite.weights.unverified import identity

if TYPE_CHECKING:
    import torch

NAME = "model.safetensors"
_failed: dict[tuple[Path, str], str] = {}  # by cache and key, what was tried in vain by this process


def path(key: str) -> Path:
    """The converted weights of a key: from the cache, else from the first source that can be reached.

    Raises:
        WeightsError: the key is unknown, or no source has the weights; the message says what was tried.
    """
    entry = catalogue.entry(key)
    target = cached(key)
    if target is not None:
        return target
    if (_folder(key), key) in _failed:
        raise WeightsError(_failed[_folder(key), key])
    return _fetch(entry, unverified=False)


def cached(key: str) -> Path | None:
    """The converted weights if they are in the cache; nothing is fetched."""
    target = _folder(key) / NAME
    return target if target.is_file() else None


def state_dict(key: str) -> dict[str, torch.Tensor]:
    """Tensors by the names that the network wants, on the CPU, floating point as float32.

    Raises:
        WeightsError: as `path`, or the cached file is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    file = path(key)
    try:
        tensors: dict[str, torch.Tensor] = load_file(file)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{file} is damaged ({error}); remove {file.parent} and run again") from None
    return tensors


def fingerprint(key: str) -> str:
    """Identity of the numbers: a sha256 over names, sizes and values of the converted tensors.

    So the same weights from two publishers are the same. `unverified:` stands before it if the file that
    they came from was admitted without a pinned hash.

    Raises:
        WeightsError: as `path`.
    """
    facts = origin(path(key))
    return identity(facts["tensors_sha256"], facts["verified"] == "yes")


def origin(file: Path) -> dict[str, str]:
    """Where a cached file came from: key, source, source_sha256, verified (yes or no), tensors_sha256."""
    try:
        with file.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            facts: dict[str, str] = json.loads(stream.read(size))["__metadata__"]
        if not {"tensors_sha256", "verified"} <= facts.keys():
            raise KeyError("no origin")
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(f"{file} is damaged ({error}); remove {file.parent} and run again") from None
    return facts


def fetch(key: str, unverified: bool = False) -> Path:
    """Fetch the weights of a key if they are not in the cache; `unverified` admits unpinned sources.

    Raises:
        WeightsError: as `path`.
    """
    return cached(key) or _fetch(catalogue.entry(key), unverified)


def import_file(key: str, file: Path, unverified: bool = False) -> Path:
    """Take weights from a file of the user's, replacing what the cache has.

    Args:
        file: in any layout that `convert` knows; for keys with further files, their folder.
        unverified: admit a file whose hash is not pinned; all scores made with it are marked.

    Raises:
        WeightsError: the hash is another one, the layout is unknown, or the file is not there.
    """
    entry = catalogue.entry(key)
    files = _given(entry, file)
    try:
        found = sources.check(files[0], None)
        source = entry.accepts(found)
        if source is not None:
            for one, pin in zip(files[1:], list(source.files.values())[1:], strict=True):
                sources.check(one, pin)
    except FetchError as error:
        if not unverified:
            raise WeightsError(f"{key}: {error}; --unverified admits it and marks every score") from None
        source = None
    except OSError as error:
        raise WeightsError(f"{error.filename}: {error.strerror}") from None
    if source is None and not unverified:
        raise WeightsError(_refusal(entry, files[0], found))
    with _locked(key):
        return _keep(entry, files, f"file {files[0].name}", found, verified=source is not None)


def _fetch(entry: Entry, unverified: bool) -> Path:
    """Try the sources in order, under the lock of the key."""
    variable = sources.offline()
    if variable is not None:
        raise WeightsError(_missing(entry, f"cache; {variable} forbids fetching"))
    with _locked(entry.key):
        target = cached(entry.key)
        if target is not None:  # another process was quicker
            return target
        tried = ["cache"]
        for source in entry.sources if entry.commercial else ():
            if not source.pinned and not unverified:
                tried.append(f"{source.place}: no hash to check it by, --unverified admits it")
                continue
            try:
                with sources.fetched(source) as files:
                    found = sources.check(files[0], None)
                    return _keep(entry, files, source.place, found, verified=source.pinned)
            except FetchError as error:
                tried.append(str(error))
        if not entry.commercial:
            tried.append(f"no fetching under {entry.license}, which forbids commercial use")
        reason = _missing(entry, "; ".join(tried))
        _failed[_folder(entry.key), entry.key] = reason
        raise WeightsError(reason)


def _keep(entry: Entry, files: Sequence[Path], source: str, sha256: str, verified: bool) -> Path:
    """Convert the weights and put them into the cache, with the other files beside them."""
    from safetensors.torch import save_file

    tensors = convert.convert(entry.key, reading.read(files[0], trusted=verified))
    facts = {
        "key": entry.key,
        "source": source,
        "source_sha256": sha256,
        "verified": "yes" if verified else "no",
        "tensors_sha256": _digest(tensors),
    }
    folder = _folder(entry.key)
    scratch = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
    try:
        save_file(tensors, scratch / NAME, metadata=facts)
        for one in files[1:]:
            shutil.copyfile(one, scratch / one.name)
        if folder.exists():
            shutil.rmtree(folder)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _failed.pop((folder, entry.key), None)
    return folder / NAME


def _digest(tensors: dict[str, torch.Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()


def _given(entry: Entry, file: Path) -> list[Path]:
    """The files that an import takes: one, or several of a folder."""
    names = [name.rsplit("/", 1)[-1] for name in entry.sources[0].files] if entry.sources else ["weights"]
    if len(names) == 1:
        if not file.is_file():
            raise WeightsError(f"{file} is no file")
        return [file]
    missing = [name for name in names if not (file / name).is_file()]
    if missing:
        raise WeightsError(f"{entry.key} is a folder with {', '.join(names)}; {file} has no {missing[0]}")
    return [file / name for name in names]


def _refusal(entry: Entry, file: Path, found: str) -> str:
    """Why a file is not accepted."""
    mark = "--unverified admits it and marks every score"
    if not entry.pinned:
        return f"{entry.key}: no published hash is known to check {file.name} (sha256 {found}) by; {mark}"
    pins = [pin for source in entry.sources for pin in [next(iter(source.files.values()))] if pin]
    return f"{file.name} has sha256 {found}, accepted for {entry.key}: {', '.join(pins)}; {mark}"


def _missing(entry: Entry, tried: str) -> str:
    return (
        f"weights {entry.key} not found (tried {tried}); get them from {entry.upstream} and run: "
        f"vbench-lite weights import {entry.key} FILE"
    )


def _folder(key: str) -> Path:
    return cache_folder("weights") / f"{key}@{convert.VERSION}"


@contextmanager
def _locked(key: str) -> Iterator[None]:
    """Hold the lock of a key; a process that dies lets go of it."""
    folder = cache_folder("weights")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f".{key}.lock").open("w")
    except OSError as error:
        raise WeightsError(
            f"{error.filename}: {error.strerror}; set VBENCH_LITE_CACHE to a folder of yours"
        ) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
