"""Kernel distance of a generated set to a reference set: the headline where clips are few."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Matrix
from vbench_lite.metric import Axis, Estimate, MetricInfo
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.stats.kernel_distance import KernelDistance, cubic_kernel, gaussian_kernel
from vbench_lite.stats.over_set import scaled
from vbench_lite.suites.feature_set import FeatureRows, FeatureSetMetric, with_clips

_UNITS = 1000.0  # in which a Gaussian kernel's distances are written
_info = partial(
    MetricInfo, axis=Axis.QUALITY, bounds=(None, None), higher_is_better=False, min_n=4, version=2
)


class KernelVideoDistance(FeatureSetMetric):
    """Unbiased squared maximum mean discrepancy between the features of two sets.

    Unbiased at any n for prompts drawn at random: about 0 for a perfect generator, possibly negative, never
    clipped. Prompts that are dealt evenly (no caption twice, every colour and shape as often) repeat less
    than random ones, which moves the value of every generator down alike: then `real` is the mark of a
    perfect generator, not 0, and differences between generators stand. The interval is a
    delete-a-prompt-group jackknife with the reference held fixed.

    Formula: mean of k(x, x') over pairs of generated rows of different prompts + mean of k(y, y') over pairs
        of rows of different reference clips - 2 mean of k(x, y) over pairs that are not of one name (a clip
        and its own reference), with k(x, y) = (x.y / d + 1)^3 in d dimensions.
    Traps: the size depends on the features, so values of two networks cannot be compared. Below 0 is
        chance, and not better than real.
    """

    def kernel(self, first: Matrix, second: Matrix) -> Matrix:
        """Similarities, float64 (n, m), of float64 (n, dim) and (m, dim)."""
        return cubic_kernel(first, second)

    def points(self, features: Matrix) -> Matrix:
        """What the kernel compares, float64 (rows, dim)."""
        return features

    def estimate(self, generated: FeatureRows, reference: FeatureRows | None) -> Estimate:
        assert reference is not None
        distance = KernelDistance(
            self.points(generated.values),
            self.points(reference.values),
            self.kernel,
            generated.prompts,
            reference.prompts,
        )
        return with_clips(jackknife(generated.prompts, distance), generated, reference)


class KvdShapes(KernelVideoDistance):
    """Kernel distance on features of the shapes world's spatio-temporal network (16 frames)."""

    info: ClassVar[MetricInfo] = _info(
        id="distribution/kvd_shapes",
        extractors=("shapes-video",),
        summary="Unbiased kernel distance to real clips on features of a network of the shapes world.",
        source="Bińkowski et al. (ICLR 2018), equation 4; features: extractor shapes-video",
        min_frames=16,
    )


class KernelVideoDistanceI3D(KernelVideoDistance):
    """Kernel video distance on logits of I3D: what to read where clips are fewer than some thousands."""

    info: ClassVar[MetricInfo] = _info(
        id="distribution/kvd",
        extractors=("i3d",),
        summary="Unbiased kernel distance to reference clips (I3D logits, 16 frames, cubic kernel).",
        source="Unterthiner et al. (2018), KVD; Bińkowski et al. (ICLR 2018), equation 4",
        min_frames=16,
    )


class KernelVideoDistanceVideoMae(KernelVideoDistance):
    """Kernel distance on features of VideoMAE V2, which weigh motion more than I3D's."""

    info: ClassVar[MetricInfo] = _info(
        id="distribution/kvd_videomae",
        extractors=("videomae",),
        summary="Unbiased kernel distance to reference clips on VideoMAE features (16 frames, cubic kernel).",
        source="Bińkowski et al. (ICLR 2018), equation 4; features of Ge et al. (CVPR 2024)",
        min_frames=16,
    )


class KernelInceptionDistance(KernelVideoDistance):
    """Kernel inception distance of frames: every fourth frame of each clip is one row.

    Traps:
        Frames of a clip are alike, so pairs of them are left out. Motion is not seen.
    """

    info: ClassVar[MetricInfo] = _info(
        id="distribution/kid",
        extractors=("inception-fid",),
        summary="Kernel inception distance of frames (every fourth) to frames of reference clips.",
        source="Bińkowski et al. (ICLR 2018), equation 4; weights and geometry of pytorch-fid",
    )


class KernelEfficientNet(KernelVideoDistance):
    """Kernel distance of frames on EfficientNet-Lite0, a network that any machine can run and fetch.

    Traps:
        As `distribution/kid`.
    """

    info: ClassVar[MetricInfo] = _info(
        id="distribution/kernel_efficientnet",
        extractors=("efficientnet-lite0",),
        summary="Kernel distance of all frames to frames of reference clips on EfficientNet-Lite0 features.",
        source="Bińkowski et al. (ICLR 2018), equation 4; features: extractor efficientnet-lite0",
    )


class ClipMeanDiscrepancy(KernelVideoDistance):
    """Maximum mean discrepancy of frames on unit CLIP embeddings with a Gaussian kernel, times 1000.

    Formula:
        1000 * unbiased MMD^2 with exp(-|x - y|^2 / (2 * 10^2)).

    Traps:
        The paper takes ViT-L/14 at 336 pixels; this is ViT-B/32, so compare with values of this id only.
        As `distribution/kid`, frames of a clip are alike.
    """

    info: ClassVar[MetricInfo] = _info(
        id="distribution/cmmd_b32",
        extractors=("clip-vit-b32-pil",),
        summary="CLIP maximum mean discrepancy of frames to those of reference clips (ViT-B/32), x1000.",
        source="Jayasumana et al., Rethinking FID: towards a better evaluation metric (CVPR 2024)",
    )

    def kernel(self, first: Matrix, second: Matrix) -> Matrix:
        return gaussian_kernel(first, second)

    def points(self, features: Matrix) -> Matrix:
        unit: Matrix = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
        return unit

    def estimate(self, generated: FeatureRows, reference: FeatureRows | None) -> Estimate:
        found = super().estimate(generated, reference)
        extras = {k: v * _UNITS if k in ("bias", "se", "corrected") else v for k, v in found.extras.items()}
        return replace(scaled(found, _UNITS), extras=extras)
