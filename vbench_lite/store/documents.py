"""The one door for run.json: whoever wrote it, it fits `schema.RunDocument`, or one error says why not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from vbench_lite.errors import StoreError
from vbench_lite.extractor import Precision
from vbench_lite.spelling import american
from vbench_lite.store.inside import is_file
from vbench_lite.store.json_text import parse_json
from vbench_lite.store.schema import SCHEMA_VERSION, GeneratorEntry, RunDocument

MOST_BYTES = 64 * 2**20  # of a document; those of real runs have some ten kB


def read_document(path: Path) -> RunDocument:
    """A run document from disk; keys that are not known are left out.

    Raises:
        StoreError: it is missing, damaged, or written by a later version.
    """
    if not is_file(path):
        raise StoreError(f"no run is at {path.parent}: {path.name} is missing")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"larger than {MOST_BYTES:,} bytes")
        data = parse_json(path.read_bytes())
        if not isinstance(data, dict):
            raise ValueError("no object of keys with values")
        version = data.get("schema_version")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise ValueError(f"schema_version must be a whole number from 1 on, got {_shown(version)}")
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"run document {path} has schema version {version}, this installation reads up to "
                f"{SCHEMA_VERSION}; upgrade vbench-lite"
            )
        found = _Document.model_validate({**data, "schema_version": SCHEMA_VERSION}).model_dump(
            exclude_unset=True
        )
    except ValidationError as error:
        raise _damaged(path, _first(error)) from None
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from None
    return RunDocument(**{**found, "generators": [GeneratorEntry(**entry) for entry in found["generators"]]})


def _damaged(path: Path, reason: str) -> StoreError:
    return StoreError(f"run document {path} is damaged: {reason}; restore it from a copy")


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False)[0]
    place = ".".join(map(str, found["loc"]))
    return f"{place}: {found['msg'].removeprefix('Value error, ')}, got {_shown(found['input'])}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


# --- what a document holds, as it is checked ------------------------------------------------------


def _moment(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _one_line(text: str) -> str:
    if not text or len(text) > 1000 or not text.isprintable():
        raise ValueError("must be a text of printable characters")
    return text


Moment = Annotated[str, AfterValidator(_moment)]
Label = Annotated[str, AfterValidator(_one_line)]
Count = Annotated[int, Field(ge=0, lt=2**63)]


class _Open(BaseModel):
    """Keys that are read; whatever else is there stays as it is."""

    model_config = ConfigDict(extra="allow", strict=True, defer_build=True)


class _Info(_Open):
    _american = model_validator(mode="before")(american)

    family: str | None = None
    name: str | None = None
    summary: str | None = None


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, defer_build=True)
    label: Label
    adapter: str
    config: dict[str, Any]
    device: str
    batch: int
    info: _Info
    fingerprint: str
    params: dict[str, Any] = {}
    draw: Count = 0


class _Suite(_Open):
    name: Label
    version: int | None = None
    metrics: list[str] = []
    axes: dict[str, Any] = {}


class _Device(_Open):
    name: str | None = None
    memory_bytes: float | None = None


class _Hardware(_Open):
    cpu_model: str | None = None
    memory_bytes: float | None = None
    devices: list[_Device] = []


class _Document(BaseModel):
    """`schema.RunDocument` as it is checked; a test holds the two together."""

    model_config = ConfigDict(extra="ignore", strict=True, defer_build=True)
    run_id: Label
    status: Literal["running", "finished", "interrupted"]
    created: Moment
    finished: Moment | None
    seed: int
    samples: Count
    generators: list[_Entry]
    suites: list[_Suite]
    controls: bool
    environment: dict[str, Any]
    hardware: _Hardware
    timeout_s: float = RunDocument.timeout_s
    memory_limit_gib: float | None = None
    score_device: str = RunDocument.score_device
    score_precision: Precision = RunDocument.score_precision
    shard: str | None = None
    name: str = ""
    sweep: dict[Literal["base", "again", "seeds"], Label] | None = None
    schema_version: int
    notes: list[str] = []
