"""What differs between two runs, in words: said whenever a command starts a run beside an older one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vbench_lite.store.rundir import list_runs
from vbench_lite.store.schema import RunDocument


def differences(earlier: RunDocument, later: RunDocument, most: int = 6) -> list[str]:
    """What differs between two runs, one short line each: "samples: 16 -> 32"."""
    before, after = _facts(earlier), _facts(later)
    lines = []
    for name in sorted({*before, *after}, key=lambda name: (name.count("."), name)):
        if before.get(name) == after.get(name):
            continue
        if name not in before or name not in after:
            lines.append(f"{name}: only in the {'later' if name in after else 'earlier'} run")
        else:
            lines.append(f"{name}: {before[name]} -> {after[name]}")
    return [*lines[:most], *([f"and {len(lines) - most} more"] if len(lines) > most else [])]


def newest_similar(root: Path, own: RunDocument) -> RunDocument | None:
    """The newest other run with a generator (no control) and a suite of this one."""
    labels = _labels(own)
    suites = {suite["name"] for suite in own.suites}
    for run in list_runs(root):
        document = run.document()
        if document.run_id == own.run_id:
            continue
        if labels & _labels(document) and suites & {suite["name"] for suite in document.suites}:
            return document
    return None


def _labels(document: RunDocument) -> set[str]:
    return {entry.label for entry in document.generators if entry.info.get("family") != "control"}


def _facts(document: RunDocument) -> dict[str, str]:
    """What a run was asked to do and with what, as flat names to short values."""
    facts: dict[str, Any] = {
        "seed": document.seed,
        "samples": document.samples,
        "controls": document.controls,
        "timeout_s": document.timeout_s,
    }
    facts.update(_flat("environment", document.environment))
    for suite in document.suites:
        facts.update(_flat(f"suite {suite['name']}", suite))
    for entry in document.generators:
        name = f"generator {entry.label}"
        facts[name] = entry.adapter
        facts[f"{name}.device"], facts[f"{name}.batch"] = entry.device, entry.batch
        facts.update(_flat(f"{name}.config", entry.config))
        facts[f"{name}.weights"] = (entry.info.get("weights_sha256") or "none")[:12]
        facts[f"{name}.fingerprint"] = entry.fingerprint
    return {key: str(value) for key, value in facts.items()}


def _flat(prefix: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        flat: dict[str, Any] = {}
        for key, inner in value.items():
            flat.update(_flat(f"{prefix}.{key}", inner))
        return flat
    if isinstance(value, Sequence) and not isinstance(value, str):
        return {prefix: json.dumps(value)[:60]}
    return {prefix: value}
