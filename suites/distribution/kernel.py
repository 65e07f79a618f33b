"""Kernel distance of a generated set to a reference set: the headline where clips are few."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.metric import Axis, Estimate, MetricInfo
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.stats.kernel_distance import KernelDistance
from vbench_lite.suites.feature_set import FeatureRows, FeatureSetMetric, with_clips


class KernelVideoDistance(FeatureSetMetric):
    """Unbiased squared maximum mean discrepancy with the kernel (x.y / d + 1)^3.

    Unbiased at any n for prompts drawn at random: about 0 for a perfect generator, possibly negative, never
    clipped. Prompts that are dealt evenly (no caption twice, every colour and shape as often) repeat less
    than random ones, which moves the value of every generator down alike: then `real` is the mark of a
    perfect generator, not 0, and differences between generators stand. The interval is a
    delete-a-prompt-group jackknife with the reference held fixed.
    """

    def estimate(self, generated: FeatureRows, reference: FeatureRows | None) -> Estimate:
        assert reference is not None
        distance = KernelDistance(generated.values, reference.values)
        return with_clips(jackknife(generated.prompts, distance), generated, reference)


class KvdShapes(KernelVideoDistance):
    """Kernel distance on features of the shapes world's spatio-temporal network (16 frames)."""

    info: ClassVar[MetricInfo] = MetricInfo(
        id="distribution/kvd_shapes",
        version=1,
        axis=Axis.QUALITY,
        unit="",
        bounds=(None, None),
        higher_is_better=False,
        summary="Unbiased kernel distance to real clips on features of a network of the shapes world.",
        source="Bińkowski et al. (ICLR 2018), equation 4; features: extractor shapes-video",
        extractors=("shapes-video",),
        min_frames=16,
        min_n=4,
    )
