"""In which software, hardware and settings two generators were run differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vbench_lite.results.arms import Arm
from vbench_lite.results.repeats import unequal_repeats
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


def broken_promise(
    first: tuple[RunDocument, Arm], second: tuple[RunDocument, Arm], found: Sequence[Mapping[str, Any]]
) -> str | None:
    """One line where a generator that declares `deterministic: true` made equal requests into unequal clips.

    Args:
        found: what `differing` says of the two; anything but another name excuses.
    """
    (document, arm), (_, other) = first, second
    entry = next((e for e in document.generators if e.label == arm.generator), None)
    if (
        entry is None
        or not entry.info.get("deterministic")
        or {one["field"] for one in found} - {"generator"}
    ):
        return None
    unequal, common = unequal_repeats(arm, other)
    if not unequal:
        return None
    return (
        f"{arm.generator} declares deterministic: true, and {unequal} of {common} equal requests gave other "
        "clips in an equal environment; look for what draws without the seed, or declare it false"
    )


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
