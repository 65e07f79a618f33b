"""A root wherever it lies: a folder, or any URL that fsspec knows (s3://, gs://, sftp://, file://).

A file appears whole or not at all, and every transfer is tried again before it is given up: over two
days of a run, a network fails.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from vbench_lite.errors import StoreError
from vbench_lite.secrets import redact
from vbench_lite.store import atomic
from vbench_lite.store.disk import writing
from vbench_lite.store.inside import inside, is_file

ATTEMPTS = 5
FIRST_PAUSE_S = 0.2  # doubled from attempt to attempt
# An upload to these appears at once or never; elsewhere a file is uploaded under another name first.
_OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss"}
_FINAL = (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError, StoreError)
T = TypeVar("T")


class RunRoot:
    """A root with its files by names relative to it, such as "runs/ID/run.json".

    Args:
        url: a folder or a URL.
        pause: waits between two attempts; tests script it.

    Raises:
        StoreError: nothing installed can open such a URL.
    """

    def __init__(self, url: str, pause: Callable[[float], None] = time.sleep) -> None:
        import fsspec

        self.url = url.rstrip("/")
        self._pause = pause
        self.local: Path | None = None
        if "://" not in url:
            self.local = Path(url)
            return
        try:
            self._fs, path = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise StoreError(f"storage {redact(url)}: {error}; install what fsspec needs for it") from None
        protocol: Any = self._fs.protocol
        self._protocols = {protocol} if isinstance(protocol, str) else set(protocol)
        self._path = str(path).rstrip("/")
        if "file" in self._protocols:
            self.local = Path(self._path)

    def names(self, folder: str) -> set[str]:
        """Names of what lies in a folder; none if it is not there."""
        if self.local is not None:
            place = self.local / folder
            return {path.name for path in place.iterdir()} if place.is_dir() else set()

        def listed() -> set[str]:
            self._fs.invalidate_cache()
            try:
                found = self._fs.ls(f"{self._path}/{folder}", detail=False)
            except FileNotFoundError:
                return set()
            return {str(name).rstrip("/").rsplit("/", 1)[-1] for name in found}

        return self._tried(f"list {folder}", listed)

    def read(self, name: str) -> bytes | None:
        """The content of a file, or None if it is not there."""
        if self.local is not None:
            path = self.place(name)
            return path.read_bytes() if is_file(path) else None

        def content() -> bytes | None:
            try:
                return bytes(self._fs.cat_file(f"{self._path}/{name}"))
            except FileNotFoundError:
                return None

        return self._tried(f"read {name}", content)

    def fetch(self, name: str, target: Path) -> None:
        """Copy a file to this machine; it appears whole."""
        with writing(target), atomic.replaced(target) as temporary:
            if self.local is not None:
                shutil.copyfile(self.place(name), temporary)
            else:
                self._tried(
                    f"fetch {name}", lambda: self._fs.get_file(f"{self._path}/{name}", str(temporary))
                )

    def store(self, source: Path, name: str) -> None:
        """Copy a file from this machine; it appears whole, and has the size it should have."""
        if self.local is not None:
            with writing(self.local), atomic.replaced(self.place(name)) as temporary:
                shutil.copyfile(source, temporary)
            return
        self._tried(f"store {name}", lambda: self._upload(source, f"{self._path}/{name}"))

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        if self.local is not None:
            self.place(name).unlink(missing_ok=True)
        elif self.read(name) is not None:
            self._tried(f"remove {name}", lambda: self._fs.rm_file(f"{self._path}/{name}"))

    def place(self, name: str) -> Path:
        """Where a file of a root on this machine is, or would be.

        Raises:
            StoreError: it is a link or lies behind one: it may point at any file of whoever sends it.
        """
        assert self.local is not None
        return inside(self.local, self.local / name)

    def _upload(self, source: Path, target: str) -> None:
        direct = bool(self._protocols & _OBJECT_STORES)
        first = target if direct else f"{target}.part"
        if not direct:
            self._fs.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
        self._fs.put_file(str(source), first)
        self._fs.invalidate_cache()
        size = self._fs.info(first)["size"]
        if size != source.stat().st_size:
            raise OSError(f"{size} bytes arrived of {source.stat().st_size}")
        if not direct:
            self._fs.mv(first, target)

    def _tried(self, what: str, action: Callable[[], T]) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return action()
            except Exception as error:  # every storage library has errors of its own
                reason = redact(" ".join(str(error).split()) or type(error).__name__)
                if isinstance(error, _FINAL) or attempt == ATTEMPTS:
                    times = "" if attempt == 1 else f" after {attempt} attempts"
                    raise StoreError(
                        f"storage {redact(self.url)}: cannot {what}{times}: {reason}; check the address, the "
                        "credentials and the network, and give the command again"
                    ) from None
            self._pause(FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.8, 1.2))
        raise AssertionError("the last attempt returns or raises")
