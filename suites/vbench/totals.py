"""VBench's totals as metrics: made of the values that its dimensions have over a set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from vbench_lite.interop.vbench import totals
from vbench_lite.interop.vbench.dimensions import (
    DIMENSIONS,
    PREFIX,
    QUALITY_SCORE,
    SEMANTIC_SCORE,
    TOTAL_SCORE,
)
from vbench_lite.metric import Axis, MetricInfo, SummaryMetric

_SOURCE = "VBench (Huang et al., CVPR 2024), scripts/cal_final_score.py"


class QualityScore(SummaryMetric):
    """Mean of VBench's seven quality dimensions, normalised; dynamic degree counts half.

    Formula:
        sum of w (x - min) / (max - min) over the dimensions / sum of w; not clipped

    Traps:
        Motion smoothness needs a network under a non-commercial license and is never computed here, so only
        imported results have this score. A missing dimension gives no score, never a silent 0.
    """

    parts = tuple(one.metric for one in DIMENSIONS if one.quality)
    info: ClassVar[MetricInfo] = MetricInfo(
        id=QUALITY_SCORE, axis=Axis.QUALITY, bounds=(None, None), higher_is_better=True,
        summary="Weighted mean of VBench's seven normalised quality dimensions.", source=_SOURCE,
    )  # fmt: skip

    def summarise(self, values: Mapping[str, float]) -> float:
        return totals.quality_score(by_dimension(values))


class SemanticScore(SummaryMetric):
    """Mean of VBench's nine semantic dimensions, normalised.

    Formula:
        mean of (x - min) / (max - min) over the dimensions; not clipped

    Traps:
        Most need networks that are not here, so only imported results have this score.
    """

    parts = tuple(one.metric for one in DIMENSIONS if not one.quality)
    info: ClassVar[MetricInfo] = MetricInfo(
        id=SEMANTIC_SCORE, axis=Axis.ALIGNMENT, bounds=(None, None),
        higher_is_better=True, summary="Mean of VBench's nine normalised semantic dimensions.",
        source=_SOURCE,
    )  # fmt: skip

    def summarise(self, values: Mapping[str, float]) -> float:
        return totals.semantic_score(by_dimension(values))


class TotalScore(SummaryMetric):
    """VBench's total score.

    Formula:
        (4 quality score + semantic score) / 5

    Traps:
        Only imported results have it: see the quality and the semantic score.
    """

    parts = tuple(one.metric for one in DIMENSIONS)
    info: ClassVar[MetricInfo] = MetricInfo(
        id=TOTAL_SCORE, axis=Axis.QUALITY, bounds=(None, None), higher_is_better=True,
        summary="VBench's total: four parts quality score, one part semantic score.", source=_SOURCE,
    )  # fmt: skip

    def summarise(self, values: Mapping[str, float]) -> float:
        return totals.total_score(by_dimension(values))


def by_dimension(values: Mapping[str, float]) -> dict[str, float]:
    """Values by metric id, by dimension."""
    return {name.removeprefix(PREFIX): value for name, value in values.items()}
