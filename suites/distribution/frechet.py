"""Fréchet distance of a generated set to a reference set."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.metric import Axis, Estimate, MetricInfo
from vbench_lite.stats.frechet import distance, expected_bias, moments
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.suites.feature_set import FeatureRows, FeatureSetMetric, with_clips


class FrechetDistance(FeatureSetMetric):
    """Distance between Gaussians fitted to the features of both sets; 0 for equal sets.

    It is biased upwards, the more the fewer clips: never compare two values with different n. The interval
    is a bias-corrected delete-a-prompt-group jackknife with the reference held fixed; `extras` has the
    jackknife's estimate of the bias and `perfect`, what a perfect generator would show at this n under equal
    isotropic Gaussians.
    """

    def estimate(self, generated: FeatureRows, reference: FeatureRows | None) -> Estimate:
        assert reference is not None
        x, y = generated.values, reference.values
        target = moments(y)
        found = jackknife(generated.prompts, lambda kept: distance(moments(x[kept]), target))
        low = None if found.low is None else max(0.0, found.low)  # bias correction can pass below zero
        perfect = expected_bias(len(x), len(y), x.shape[1], float(y.var(axis=0, ddof=1).mean()))
        extras = {**found.extras, "perfect": perfect}
        counted = Estimate(found.value, low, found.high, found.n, found.replicates, extras)
        return with_clips(counted, generated, reference)


class FrechetShapes(FrechetDistance):
    """Fréchet distance on features of the shapes world's spatio-temporal network (16 frames)."""

    info: ClassVar[MetricInfo] = MetricInfo(
        id="distribution/frechet_shapes",
        version=1,
        axis=Axis.QUALITY,
        unit="",
        bounds=(0.0, None),
        higher_is_better=False,
        summary="Fréchet distance to real clips on features of a network of the shapes world.",
        source="Heusel et al. (NeurIPS 2017), Unterthiner et al. (2018); features: extractor shapes-video",
        extractors=("shapes-video",),
        min_frames=16,
        min_n=8,
    )
