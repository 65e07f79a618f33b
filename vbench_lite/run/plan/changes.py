"""What differs between two runs, in words: said whenever a command starts a run beside an older one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vbench_lite.store.rundir import read_runs
from vbench_lite.store.schema import RunDocument

_SETTINGS = ("seed", "samples", "controls", "timeout_s", "memory_limit_gib", "score_precision")


def differences(earlier: RunDocument, later: RunDocument, most: int = 6) -> list[str]:
    """What differs between two runs, one short line each: "samples: 16 -> 32"."""
    lines = _changed("", _general(earlier), _general(later))
    for kind, before, after in (
        ("suite", _suites(earlier), _suites(later)),
        ("generator", _generators(earlier), _generators(later)),
    ):
        for name in sorted({*before, *after}):
            if name not in before or name not in after:
                lines.append(f"{kind} {name}: only in the {'later' if name in after else 'earlier'} run")
            else:
                lines += _changed(f"{kind} {name}.", before[name], after[name])
    known = "".join(lines)
    fingerprints = {entry.label: entry.fingerprint for entry in earlier.generators}
    for entry in later.generators:
        if fingerprints.get(entry.label, entry.fingerprint) == entry.fingerprint:
            continue
        if f"generator {entry.label}." not in known:
            lines.append(f"generator {entry.label}: the code of its adapter, or what it declares")
    return [*lines[:most], *([f"and {len(lines) - most} more"] if len(lines) > most else [])]


def newest_similar(root: Path, own: RunDocument) -> RunDocument | None:
    """The newest other run with a generator (no control) and a suite of this one."""
    labels = _labels(own)
    suites = {suite["name"] for suite in own.suites}
    for document in read_runs(root)[0]:
        if document.run_id == own.run_id:
            continue
        if labels & _labels(document) and suites & {suite["name"] for suite in document.suites}:
            return document
    return None


def _labels(document: RunDocument) -> set[str]:
    return {entry.label for entry in document.generators if entry.info.get("family") != "control"}


def _general(document: RunDocument) -> dict[str, Any]:
    settings = {name: getattr(document, name) for name in _SETTINGS}
    return settings | _flat("environment", document.environment)


def _suites(document: RunDocument) -> dict[str, dict[str, Any]]:
    return {suite["name"]: _flat("", suite) for suite in document.suites}


def _generators(document: RunDocument) -> dict[str, dict[str, Any]]:
    return {
        entry.label: {
            "adapter": entry.adapter,
            "device": entry.device,
            "batch": entry.batch,
            **_flat("params", entry.params),
            "draw": entry.draw,
            "weights": (entry.info.get("weights_sha256") or "none")[:12],
            **_flat("config", entry.config),
        }
        for entry in document.generators
    }


def _changed(prefix: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [
        f"{prefix}{name}: {before.get(name, 'nothing')} -> {after.get(name, 'nothing')}"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]


def _flat(prefix: str, value: Any) -> dict[str, Any]:
    """Nested mappings as one level with dotted names; a list is one short text."""
    if isinstance(value, Mapping):
        flat: dict[str, Any] = {}
        for key, inner in value.items():
            flat.update(_flat(f"{prefix}.{key}" if prefix else str(key), inner))
        return flat
    if isinstance(value, Sequence) and not isinstance(value, str):
        return {prefix: json.dumps(value)[:60]}
    return {prefix: value}
