"""Precision, recall, density and coverage of a generated set against a reference set (k = 5, strict <)."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from vbench_lite.arrays import Ints
from vbench_lite.metric import Axis, Estimate, MetricInfo
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.stats.manifold import Neighbourhoods
from vbench_lite.suites.feature_set import FeatureRows, FeatureSetMetric, with_clips

_SOURCE = "Kynkäänniemi et al. (NeurIPS 2019) and Naeem et al., Reliable fidelity (ICML 2020)"
_SURE = 32  # prompts from which the interval holds in 90% of simulated sets
_LEAST = 12  # more than twice k: a ball to the fifth neighbour of seven points says nothing
_HIGH: dict[str, float | None] = {"precision": 1.0, "recall": 1.0, "density": None, "coverage": 1.0}
_MEANING = {
    "precision": "Share of generated clips that lie among real ones",
    "recall": "Share of real clips that lie among generated ones",
    "density": "Real neighbourhoods around a generated clip, over k, about 1 for equal sets",
    "coverage": "Share of real neighbourhoods that hold a generated clip",
}


def _info(kind: str, id: str, features: str, extractor: str) -> MetricInfo:
    return MetricInfo(
        id=id,
        version=2,
        extractors=(extractor,),
        summary=f"{_MEANING[kind]} (k = 5, strict, {features}).",
        source=f"{_SOURCE}; features: extractor {extractor}",
        axis=Axis.QUALITY if kind in ("precision", "density") else Axis.DIVERSITY,
        bounds=(0.0, _HIGH[kind]),
        higher_is_better=True,
        min_frames=16,
        min_n=_LEAST,
    )


def _of_shapes(kind: str) -> MetricInfo:
    return _info(kind, f"distribution/{kind}_shapes", "features of the shapes world", "shapes-video")


def _of_i3d(kind: str) -> MetricInfo:
    return _info(kind, f"distribution/{kind}", "I3D logits", "i3d")


class ManifoldMetric(FeatureSetMetric):
    """The neighbourhood of a row reaches to its 5th nearest row of the same set; strictly nearer is inside.

    A row is a clip, the mean of its windows: those of one clip would be each other's neighbours.

    The interval is for what sets of this size show on average, the reference fixed: a delete-a-prompt-group
    jackknife around the value, without a correction of bias, since leaving clips out only lowers recall and
    coverage. Of fewer than 32 prompts it holds too little, and there is none.

    Traps: values depend on the number of clips in both sets: never compare two with different n. One
        outlier has a large neighbourhood; density and coverage suffer less from it.
    """

    one_row: ClassVar[bool] = True
    number: ClassVar[staticmethod[[Neighbourhoods, Ints], float]]  # of the generated rows that are kept

    def estimate(self, generated: FeatureRows, reference: FeatureRows | None) -> Estimate:
        assert reference is not None
        places = Neighbourhoods(reference.values, generated.values)
        found = jackknife(generated.prompts, lambda kept: self.number(places, kept), corrected=False)
        if found.low is not None and found.extras["groups"] < _SURE:
            why = (
                f"no interval: of fewer than {_SURE} prompts it would hold the value of such sets too seldom"
            )
            found = replace(found, low=None, high=None, note=why)
        return with_clips(found, generated, reference)


class PrecisionShapes(ManifoldMetric):
    """Share of generated clips in the neighbourhood of real ones; high for many copies of one good clip.

    Formula: #(generated rows inside the neighbourhood of any real row) / #(generated rows).
    """

    number = staticmethod(Neighbourhoods.precision)
    info: ClassVar[MetricInfo] = _of_shapes("precision")


class RecallShapes(ManifoldMetric):
    """Share of real clips in the neighbourhood of generated ones: how much of what is real can come out.

    Formula: #(real rows inside the neighbourhood of any generated row) / #(real rows).
    """

    number = staticmethod(Neighbourhoods.recall)
    info: ClassVar[MetricInfo] = _of_shapes("recall")


class DensityShapes(ManifoldMetric):
    """As precision, but by how many real neighbourhoods hold a clip, so that one outlier weighs little.

    Formula: mean over generated rows of #(real rows in whose neighbourhood it lies) / 5.
    """

    number = staticmethod(Neighbourhoods.density)
    info: ClassVar[MetricInfo] = _of_shapes("density")


class CoverageShapes(ManifoldMetric):
    """Share of real neighbourhoods that hold a generated clip; steadier than recall.

    Formula: #(real rows whose neighbourhood holds any generated row) / #(real rows).
    """

    number = staticmethod(Neighbourhoods.coverage)
    info: ClassVar[MetricInfo] = _of_shapes("coverage")


class Precision(PrecisionShapes):
    """Share of generated clips in the neighbourhood of real ones; high for many copies of one good clip."""

    info: ClassVar[MetricInfo] = _of_i3d("precision")


class Recall(RecallShapes):
    """Share of real clips in the neighbourhood of generated ones: how much of what is real can come out."""

    info: ClassVar[MetricInfo] = _of_i3d("recall")


class Density(DensityShapes):
    """As precision, but by how many real neighbourhoods hold a clip, so that one outlier weighs little."""

    info: ClassVar[MetricInfo] = _of_i3d("density")


class Coverage(CoverageShapes):
    """Share of real neighbourhoods that hold a generated clip; steadier than recall."""

    info: ClassVar[MetricInfo] = _of_i3d("coverage")
