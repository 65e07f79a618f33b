"""The folder of a model of diffusers or transformers: what its files declare, and the hash of its weights.

Nothing is loaded, and nothing is fetched.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from vbench_lite.errors import SpecError

INDEX = "model_index.json"
_WEIGHT_SUFFIXES = {".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf"}
_IDENTITY_SUFFIXES = {*_WEIGHT_SUFFIXES, ".json", ".model", ".txt"}


@dataclass(frozen=True)
class ModelSource:
    """The files of a model or of one component.

    Attributes:
        name: as the configuration gives it. folder: where its files lie.
    """

    name: str
    folder: Path

    @property
    def index(self) -> Mapping[str, Any]:
        """`model_index.json`: the pipeline's class and its components.

        Raises:
            SpecError: there is none, or it is damaged.
        """
        path = self.folder / INDEX
        if not path.is_file():
            raise SpecError(
                f"model {self.name}: {self.folder} has no {INDEX}, so it is no diffusers pipeline"
            )
        found = _json(path)
        if "_class_name" not in found:
            raise SpecError(f"model {self.name}: {path} names no pipeline class (_class_name)")
        return found

    def config(self, component: str | None = None) -> Mapping[str, Any]:
        """The configuration of a component; empty where it has none."""
        folder = self.folder if component is None else self.folder / component
        path = folder / "config.json"
        return _json(path) if path.is_file() else {}

    def license(self) -> str | None:
        """The license that the model card states in its header, or None."""
        card = self.folder / "README.md"
        if not card.is_file():
            return None
        text = card.read_text(encoding="utf-8", errors="replace")
        header = text.split("---", 2)[1] if text.startswith("---") and text.count("---") > 1 else ""
        found = re.search(r"^license(?:_name)?:\s*([\w.+-]+)\s*$", header, re.MULTILINE)
        return found[1] if found else None

    def weights_sha256(self, variant: str | None = None) -> str:
        """Hash over the names and contents of everything that makes the model what it is.

        Weights, configurations and tokenizers count; with a variant, weight files of others do not. A
        snapshot in the hub's cache is known by its commit, whichever of its files have been fetched so far.
        """
        if self.folder.parent.name == "snapshots":
            commit = f"{self.folder.parent.parent.name}@{self.folder.name}"
            return hashlib.sha256(commit.encode()).hexdigest()
        digest = hashlib.sha256()
        for path in self._files(variant):
            name = path.relative_to(self.folder).as_posix()
            digest.update(f"{name}\0{file_sha256(path)}\n".encode())
        return digest.hexdigest()

    def _files(self, variant: str | None) -> Iterator[Path]:
        for path in sorted(self.folder.rglob("*")):
            inner = path.relative_to(self.folder).parts
            if path.suffix not in _IDENTITY_SUFFIXES or any(part.startswith(".") for part in inner):
                continue
            if variant and path.suffix in _WEIGHT_SUFFIXES and f".{variant}" not in path.name:
                beside = list(path.parent.glob(f"*.{variant}*{path.suffix}"))
                if beside:
                    continue
            if path.is_file():
                yield path


def file_sha256(path: Path) -> str:
    """SHA-256 of a file; read once in a process while its size and time stay the same."""
    status = path.stat()
    return _read_sha256(path.resolve(), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _read_sha256(path: Path, size: int, modified_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpecError(f"{path} cannot be read: {first_line(error)}") from None
    if not isinstance(found, dict):
        raise SpecError(f"{path} holds no JSON object")
    return found


def first_line(error: Exception) -> str:
    """The first line of an error's message; its kind where there is none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
