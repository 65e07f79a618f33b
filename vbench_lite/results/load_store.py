"""Loads on disk: one JSON file each under ROOT/loads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vbench_lite.errors import StoreError
from vbench_lite.results.load import StepSummary
from vbench_lite.results.saturation import Saturation
from vbench_lite.store import atomic
from vbench_lite.store.inside import inside, is_file

SCHEMA_VERSION = 1
FOLDER = "loads"
_STEPS, _SATURATION = TypeAdapter(list[StepSummary]), TypeAdapter(Saturation)


@dataclass(frozen=True)
class LoadDocument:
    """A load as it is stored; plain JSON values inside.

    Attributes:
        id: hash of everything else.
        generator: {label, adapter, config, suite}.
        asked: {mode ("open" or "closed"), arrivals, seed, seconds, objective, start_s, most_requests,
            most_under_way, drain_s}.
        steps: one for each step, as `StepSummary` has them. saturation: as `Saturation` has it.
        requests: one for each request, as `LoadRequest` has them.
        interrupted: whether it was ended by Ctrl-C. notes: what a reader must know.
        environment: library versions and the machine of the client, as in a run.
    """

    created: str
    generator: Mapping[str, Any]
    asked: Mapping[str, Any]
    steps: list[Mapping[str, Any]]
    saturation: Mapping[str, Any]
    requests: list[Mapping[str, Any]]
    interrupted: bool
    notes: list[str]
    environment: Mapping[str, Any]
    id: str = ""
    schema_version: int = SCHEMA_VERSION

    def named(self) -> LoadDocument:
        """The same under its id."""
        text = json.dumps({**self.as_dict(), "id": ""}, sort_keys=True, allow_nan=False)
        return replace(self, id=hashlib.sha256(text.encode()).hexdigest()[:12])

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, the form of the file and of `load --json`."""
        return asdict(self)


def store_load(root: Path, document: LoadDocument) -> Path:
    """Write a load under its id."""
    path = root / FOLDER / f"{document.id}.json"
    atomic.write_text(inside(root, path), json.dumps(document.as_dict(), indent=1, allow_nan=False) + "\n")
    return path


def list_loads(root: Path) -> list[Path]:
    """The files of the loads under a root, the newest first."""
    return sorted((root / FOLDER).glob("*.json"), key=lambda path: path.lstat().st_mtime, reverse=True)


def read_load(path: Path) -> LoadDocument:
    """Read a load.

    Raises:
        StoreError: the file is no load of this version.
    """
    try:
        if not is_file(path):
            raise ValueError("it is not there")
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"its schema version is {document['schema_version']!r}, not {SCHEMA_VERSION}")
        found = LoadDocument(**{one.name: document[one.name] for one in fields(LoadDocument)})
        if found.named().id != found.id:
            raise ValueError("its content is not what its id says")
        _checked(found)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise StoreError(f"{path} is no load that can be read: {what}") from None
    return found


def _checked(document: LoadDocument) -> None:
    """Raise KeyError, TypeError or ValueError unless it holds what is shown of a load."""
    try:
        _STEPS.validate_python(document.steps)
        _SATURATION.validate_python(document.saturation)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{' '.join(map(str, first['loc']))}: {first['msg']}") from None
    texts = [document.created, document.generator["label"], *document.notes]
    loops = [document.asked["rate"], document.asked["concurrency"]]
    if not all(isinstance(text, str) for text in texts) or loops.count(None) != 1:
        raise ValueError("it does not say what was loaded, and how")
