"""Precision, recall, density and coverage of a generated set against a reference set (k = 5, strict <)."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, Estimate, MetricInfo
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.stats.manifold import Indices, Neighbourhoods
from vbench_lite.suites.feature_set import FeatureRows, FeatureSetMetric, with_clips

_SOURCE = "Kynkäänniemi et al. (NeurIPS 2019) and Naeem et al., Reliable fidelity (ICML 2020)"
_INSIDE = "Share of generated clips that lie among real ones"
_REACHED = "Share of real clips that lie among generated ones"
_CROWD = "Real neighbourhoods around a generated clip, over k, about 1 for equal sets"
_HELD = "Share of real neighbourhoods that hold a generated clip"
_SHAPES = "features of the shapes world"
_LEAST = 12  # more than twice k: a ball to the fifth neighbour of seven points says nothing


def _info(
    name: str, axis: Axis, high: float | None, meaning: str, features: str, extractor: str
) -> MetricInfo:
    return MetricInfo(
        id=f"distribution/{name}",
        version=1,
        axis=axis,
        unit="",
        bounds=(0.0, high),
        higher_is_better=True,
        summary=f"{meaning} (k = 5, strict, {features}).",
        source=f"{_SOURCE}; features: extractor {extractor}",
        extractors=(extractor,),
        min_frames=16,
        min_n=_LEAST,
    )


class ManifoldMetric(FeatureSetMetric):
    """The neighbourhood of a row reaches to its 5th nearest row of the same set; strictly nearer is inside.

    The interval is a delete-a-prompt-group jackknife, the reference fixed.

    Traps: values depend on the number of clips in both sets: never compare two with different n. One
        outlier has a large neighbourhood; density and coverage suffer less from it.
    """

    @abstractmethod
    def number(self, places: Neighbourhoods, kept: Indices) -> float:
        """Return the value of the kept generated rows."""

    def estimate(self, generated: FeatureRows, reference: FeatureRows | None) -> Estimate:
        assert reference is not None
        if reference.clips < _LEAST:
            raise NotApplicable(f"n too small: {reference.clips} reference clips, and this needs {_LEAST}")
        places = Neighbourhoods(reference.values, generated.values)
        found = jackknife(generated.prompts, lambda kept: self.number(places, kept))
        return with_clips(found, generated, reference)


class PrecisionShapes(ManifoldMetric):
    """Share of generated clips in the neighbourhood of real ones; high for many copies of one good clip.

    Formula: #(generated rows inside the neighbourhood of any real row) / #(generated rows).
    """

    info: ClassVar[MetricInfo] = _info(
        "precision_shapes",
        Axis.QUALITY,
        1.0,
        _INSIDE,
        _SHAPES,
        "shapes-video",
    )

    def number(self, places: Neighbourhoods, kept: Indices) -> float:
        return places.precision(kept)


class RecallShapes(ManifoldMetric):
    """Share of real clips in the neighbourhood of generated ones: how much of what is real can come out.

    Formula: #(real rows inside the neighbourhood of any generated row) / #(real rows).
    """

    info: ClassVar[MetricInfo] = _info(
        "recall_shapes",
        Axis.DIVERSITY,
        1.0,
        _REACHED,
        _SHAPES,
        "shapes-video",
    )

    def number(self, places: Neighbourhoods, kept: Indices) -> float:
        return places.recall(kept)


class DensityShapes(ManifoldMetric):
    """As precision, but by how many real neighbourhoods hold a clip, so that one outlier weighs little.

    Formula: mean over generated rows of #(real rows in whose neighbourhood it lies) / 5.
    """

    info: ClassVar[MetricInfo] = _info(
        "density_shapes",
        Axis.QUALITY,
        None,
        _CROWD,
        _SHAPES,
        "shapes-video",
    )

    def number(self, places: Neighbourhoods, kept: Indices) -> float:
        return places.density(kept)


class CoverageShapes(ManifoldMetric):
    """Share of real neighbourhoods that hold a generated clip; steadier than recall.

    Formula: #(real rows whose neighbourhood holds any generated row) / #(real rows).
    """

    info: ClassVar[MetricInfo] = _info(
        "coverage_shapes",
        Axis.DIVERSITY,
        1.0,
        _HELD,
        _SHAPES,
        "shapes-video",
    )

    def number(self, places: Neighbourhoods, kept: Indices) -> float:
        return places.coverage(kept)


class Precision(PrecisionShapes):
    """Share of generated clips in the neighbourhood of real ones; high for many copies of one good clip."""

    info: ClassVar[MetricInfo] = _info("precision", Axis.QUALITY, 1.0, _INSIDE, "I3D logits", "i3d")


class Recall(RecallShapes):
    """Share of real clips in the neighbourhood of generated ones: how much of what is real can come out."""

    info: ClassVar[MetricInfo] = _info("recall", Axis.DIVERSITY, 1.0, _REACHED, "I3D logits", "i3d")


class Density(DensityShapes):
    """As precision, but by how many real neighbourhoods hold a clip, so that one outlier weighs little."""

    info: ClassVar[MetricInfo] = _info(
        "density",
        Axis.QUALITY,
        None,
        _CROWD,
        "I3D logits",
        "i3d",
    )


class Coverage(CoverageShapes):
    """Share of real neighbourhoods that hold a generated clip; steadier than recall."""

    info: ClassVar[MetricInfo] = _info("coverage", Axis.DIVERSITY, 1.0, _HELD, "I3D logits", "i3d")
