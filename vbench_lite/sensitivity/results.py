"""Audits on disk: one JSON file each under ROOT/audits, named by what was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vbench_lite.errors import StoreError
from vbench_lite.store import atomic
from vbench_lite.store.inside import inside

SCHEMA_VERSION = 1
FOLDER = "audits"


@dataclass(frozen=True)
class AuditResult:
    """An audit as it is stored; plain JSON values inside.

    Attributes:
        id: hash of the data, the damages, the metrics and their measurements.
        data: {kind ("dataset" or "folder"), name, clips, prompts, frames, height, width, fps}.
        damages: [{name, what, kind, levels, axes}], controls last.
        metrics: as `judge.Judged.as_dict` gives them.
        seconds: what it took. notes: what a reader must know.
        environment: library versions and the machine, as in a run.
    """

    id: str
    created: str
    data: Mapping[str, Any]
    damages: Sequence[Mapping[str, Any]]
    metrics: Sequence[Mapping[str, Any]]
    seconds: float
    notes: Sequence[str] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def of(self, metric: str) -> Mapping[str, Any] | None:
        """What it says of one metric."""
        return next((found for found in self.metrics if found["metric"] == metric), None)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, the form of the file and of `audit --json`."""
        return asdict(self)


def store_audit(root: Path, result: AuditResult) -> Path:
    """Write an audit; one of the same id is replaced."""
    path = root / FOLDER / f"{result.id}.json"
    atomic.write_text(inside(root, path), json.dumps(result.as_dict(), indent=1, allow_nan=False) + "\n")
    return path


def load_audits(root: Path) -> list[AuditResult]:
    """Every audit under a root, newest first.

    Raises:
        StoreError: a file is damaged, or of a later version.
    """
    found = [_read(path) for path in sorted((root / FOLDER).glob("*.json"))]
    return sorted(found, key=lambda result: result.created, reverse=True)


def _read(path: Path) -> AuditResult:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["schema_version"]
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{path} is an audit of version {version}, this program reads up to {SCHEMA_VERSION}; "
                "update it"
            )
        return AuditResult(**content)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StoreError(f"audit {path} is damaged ({error}); delete it and audit again") from None
