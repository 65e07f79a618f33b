"""VBench's quality, semantic and total score from the values of its dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vbench_lite.errors import NotApplicable
from vbench_lite.interop.vbench.dimensions import (
    DIMENSIONS,
    QUALITY_WEIGHT,
    SEMANTIC_WEIGHT,
    Dimension,
)


def quality_score(values: Mapping[str, float]) -> float:
    """Weighted mean of the normalised quality dimensions; `values` by dimension, in 0..1 as published.

    Raises:
        NotApplicable: a dimension is missing.
    """
    return _score(values, [one for one in DIMENSIONS if one.quality])


def semantic_score(values: Mapping[str, float]) -> float:
    """Mean of the normalised semantic dimensions; `values` by dimension, in 0..1 as published.

    Raises:
        NotApplicable: a dimension is missing.
    """
    return _score(values, [one for one in DIMENSIONS if not one.quality])


def total_score(values: Mapping[str, float]) -> float:
    """(4 quality + semantic) / 5; `values` by dimension, in 0..1 as published.

    Raises:
        NotApplicable: a dimension is missing; a total without it would be another number.
    """
    _require(values, DIMENSIONS)
    weighted = QUALITY_WEIGHT * quality_score(values) + SEMANTIC_WEIGHT * semantic_score(values)
    return weighted / (QUALITY_WEIGHT + SEMANTIC_WEIGHT)


def _score(values: Mapping[str, float], dimensions: Sequence[Dimension]) -> float:
    _require(values, dimensions)
    total = sum(one.weight * one.normalised(values[one.name]) for one in dimensions)
    return total / sum(one.weight for one in dimensions)


def _require(values: Mapping[str, float], dimensions: Sequence[Dimension]) -> None:
    missing = [one for one in dimensions if one.name not in values]
    if not missing:
        return
    own = ", ".join(one.name for one in missing if one.why_not is None)
    foreign = ", ".join(one.name for one in missing if one.why_not is not None)
    parts = [own] if own else []
    parts += [f"by import only (vbench-lite import vbench): {foreign}"] if foreign else []
    count = f"{len(missing)} of its {len(dimensions)} dimensions have no value"
    raise NotApplicable(f"{count}: {'; '.join(parts)}")
