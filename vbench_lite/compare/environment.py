"""In which software, hardware and settings two generators were run differently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vbench_lite.store.schema import RunDocument


def differing(first: RunDocument, baseline: str, second: RunDocument, candidate: str) -> list[dict[str, Any]]:
    """Fields that differ: field, baseline, candidate, by field; null where one side has none.

    Args:
        baseline, candidate: the generator that is meant, of the run of the document before it.
    """
    mine, its = _facts(first, baseline), _facts(second, candidate)
    return [
        {"field": name, "baseline": mine.get(name), "candidate": its.get(name)}
        for name in sorted({*mine, *its})
        if mine.get(name) != its.get(name)
    ]


def _facts(document: RunDocument, generator: str) -> dict[str, Any]:
    entry = next((e for e in document.generators if e.label == generator), None)
    facts = {
        **_flat("environment", document.environment),
        **_flat("hardware", document.hardware),
        "generator": generator,
    }
    if entry is not None:
        facts |= {
            "generator.fingerprint": entry.fingerprint,
            "generator.adapter": entry.adapter,
            "generator.weights_sha256": entry.info.get("weights_sha256"),
            **_flat("generator.config", entry.config),
            **_flat("generator.params", entry.params),
        }
    return facts


def _flat(prefix: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {prefix: value}
    return {
        name: leaf for key, inner in value.items() for name, leaf in _flat(f"{prefix}.{key}", inner).items()
    }
