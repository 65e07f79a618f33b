"""Normalisation and totals: published rows recompute from their sixteen dimensions."""

from __future__ import annotations

import pytest

from vbench_lite import registry
from vbench_lite.errors import NotApplicable
from vbench_lite.interop.vbench.dimensions import BY_NAME, DIMENSIONS
from vbench_lite.interop.vbench.totals import quality_score, semantic_score, total_score

# Goku (arXiv 2502.04896), comparison on VBench: dimensions, then quality, semantic, total score.
PUBLISHED = {
    "HunyuanVideo": (
        (
            97.37,
            97.76,
            99.44,
            98.99,
            70.83,
            60.36,
            67.56,
            86.10,
            68.55,
            94.40,
            91.60,
            68.68,
            53.88,
            19.80,
            23.89,
            26.44,
        ),
        (85.09, 75.82, 83.24),
    ),
    "CogVideoX-5B": (
        (
            96.23,
            96.52,
            98.66,
            96.92,
            70.97,
            61.98,
            62.90,
            85.23,
            62.11,
            99.40,
            82.81,
            66.35,
            53.20,
            24.91,
            25.38,
            27.59,
        ),
        (82.75, 77.04, 81.61),
    ),
}
ORDER = (
    *("subject_consistency", "background_consistency", "temporal_flickering", "motion_smoothness"),
    *("dynamic_degree", "aesthetic_quality", "imaging_quality", "object_class", "multiple_objects"),
    *("human_action", "color", "spatial_relationship", "scene", "appearance_style", "temporal_style"),
    "overall_consistency",
)


def row(name: str) -> dict[str, float]:
    return {dimension: value / 100 for dimension, value in zip(ORDER, PUBLISHED[name][0], strict=True)}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_row_recomputes_to_a_hundredth_of_a_percent(name: str) -> None:
    quality, semantic, total = PUBLISHED[name][1]
    assert 100 * quality_score(row(name)) == pytest.approx(quality, abs=0.01)
    assert 100 * semantic_score(row(name)) == pytest.approx(semantic, abs=0.01)
    assert 100 * total_score(row(name)) == pytest.approx(total, abs=0.01)


def test_the_ends_of_the_scale_are_0_and_1_and_nothing_is_clipped() -> None:
    highest = {one.name: one.highest for one in DIMENSIONS}
    assert total_score(highest) == pytest.approx(1, abs=1e-12)
    assert total_score({one.name: one.lowest for one in DIMENSIONS}) == pytest.approx(0, abs=1e-12)
    beyond = highest | {"scene": 1.0}
    assert semantic_score(beyond) == pytest.approx((8 + 1 / 0.8222) / 9)


def test_dynamic_degree_counts_half() -> None:
    without = {one.name: one.highest for one in DIMENSIONS} | {"dynamic_degree": 0.0}
    assert quality_score(without) == pytest.approx(6 / 6.5)


@pytest.mark.parametrize("missing", [one.name for one in DIMENSIONS])
def test_a_missing_dimension_gives_no_total_and_is_named(missing: str) -> None:
    values = row("HunyuanVideo")
    del values[missing]
    with pytest.raises(NotApplicable, match=f"1 of its 16 dimensions have no value: .*{missing}"):
        total_score(values)
    other = semantic_score if BY_NAME[missing].quality else quality_score
    other(values)


def test_the_metrics_are_the_same_arithmetic() -> None:
    values = {BY_NAME[name].metric: value for name, value in row("HunyuanVideo").items()}
    total = registry.load("metrics", "vbench/total_score")()
    assert total.summarise(values) == total_score(row("HunyuanVideo"))
    assert set(total.parts) == set(values)
    own = {name for name in registry.names("metrics") if name.startswith("vbench/")} & set(values)
    assert own == {one.metric for one in DIMENSIONS if one.why_not is None}


def test_another_backbone_never_enters_a_total() -> None:
    values = row("HunyuanVideo")
    own = values.pop("motion_smoothness")
    with pytest.raises(NotApplicable):
        registry.load("metrics", "vbench/quality_score")().summarise(
            {BY_NAME[name].metric: value for name, value in values.items()}
            | {"coherence/motion_smoothness": own}
        )
