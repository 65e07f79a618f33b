"""What audits found that judges notice, as it is kept beside the votes, and whose votes do not count by it.

Boards read this for every run that was voted on; it asks no model and imports nothing that could.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vbench_lite.errors import StoreError
from vbench_lite.store import atomic
from vbench_lite.store.disk import writing
from vbench_lite.store.inside import inside
from vbench_lite.votes.ballot import FOLDER, MODEL, Vote


@dataclass(frozen=True)
class Rung:
    """One damage: how often the undamaged clip was preferred, of answers that were no tie."""

    damage: str
    right: float
    asked: float
    blind: bool


@dataclass(frozen=True)
class JudgeAudit:
    """What a judge notices.

    Attributes:
        judge: its name.
        rungs: by damage.
        by_side: share of pairs of which both orders were answered with the same side.
        answered, calls: how many calls gave an answer.
    """

    judge: str
    rungs: tuple[Rung, ...]
    by_side: float
    answered: int
    calls: int
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def coverage(self) -> float:
        """Share of calls that gave an answer."""
        return self.answered / self.calls if self.calls else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self) | {"refused": dict(self.refused), "coverage": self.coverage}


def store_audit(root: Path, audit: JudgeAudit) -> None:
    """Keep an audit beside the votes; the newest of a judge counts."""
    found = {**_stored(root), audit.judge: audit.as_dict()}
    with writing(root / FOLDER):
        (root / FOLDER).mkdir(parents=True, exist_ok=True)
        atomic.write_text(inside(root, root / FOLDER / "judges.json"), json.dumps(found, indent=2) + "\n")


def refused(root: Path, votes: Sequence[Vote], axis: str) -> dict[str, str]:
    """Judges among the voters whose votes do not count on an axis, with the reason."""
    audits = _stored(root)
    found = {}
    for name in sorted({vote.voter for vote in votes if vote.kind == MODEL}):
        told = audits.get(name)
        if told is None:
            found[name] = "not audited: vbench-lite vote ask audits a judge before it votes"
        elif axis in told["refused"]:
            found[name] = str(told["refused"][axis])
    return found


def _stored(root: Path) -> dict[str, Any]:
    path = root / FOLDER / "judges.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise StoreError(f"audits of judges {path} cannot be read: {error}; delete the file") from None
    if not isinstance(found, dict) or not all(
        isinstance(told, dict) and isinstance(told.get("refused"), dict) for told in found.values()
    ):
        raise StoreError(f"audits of judges {path} are damaged; delete the file and audit again")
    return found
