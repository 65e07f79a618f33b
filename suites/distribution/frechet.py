"""Fréchet distance of a generated set to a reference set, on several kinds of features."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Ints
from vbench_lite.metric import Axis, Estimate, MetricInfo
from vbench_lite.stats.extrapolation import SIZES, at_infinity
from vbench_lite.stats.frechet import distance, moments, perfect_distance
from vbench_lite.stats.jackknife import MAX_GROUPS, jackknife
from vbench_lite.suites.feature_set import FeatureRows, FeatureSetMetric, with_clips

_HEUSEL = "Heusel et al. (NeurIPS 2017), equation 6"
_FVD = "Unterthiner et al., Towards accurate generative models of video (2018)"
_WIDE = 1024  # features from here on: a replicate takes seconds
_FEW_GROUPS = 20
ROWS_A_DIMENSION = 5  # from here on the interval holds the truth in 90% of simulated sets
_info = partial(MetricInfo, axis=Axis.QUALITY, bounds=(0.0, None), higher_is_better=False, min_n=16)


class FrechetDistance(FeatureSetMetric):
    """Distance between Gaussians fitted to the features of both sets; 0 for equal sets.

    Formula:
        |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), covariances with n - 1, by singular values: no matrix
        root.

    Traps:
        It is biased upwards, the more the fewer clips: never compare two values with different n. From five
        rows a dimension on there is an interval, a bias-corrected delete-a-prompt-group jackknife with the
        reference held fixed; below that nothing that is computed from the clips holds the value of
        infinitely many, and there is none. `extras` has n of the reference, the jackknife's `corrected`
        value where it is valid, and `perfect`: about what a perfect generator shows at this n, simulated
        with the reference's spread between and within clips.
    """

    def estimate(self, generated: FeatureRows, reference: FeatureRows | None) -> Estimate:
        assert reference is not None
        x, y = generated.values, reference.values
        target = moments(y)
        groups = _FEW_GROUPS if x.shape[1] >= _WIDE else MAX_GROUPS
        found = jackknife(
            generated.prompts, lambda kept: distance(moments(x[kept]), target), max_groups=groups
        )
        perfect = perfect_distance(y, reference.lengths, generated.lengths)
        least = ROWS_A_DIMENSION * x.shape[1]
        if len(x) < least:
            why = (
                f"no interval: the bias of {len(x)} rows of {x.shape[1]} numbers cannot be taken off below "
                f"{least}; a perfect generator shows about {perfect:.3g} at this n"
            )
            counted = replace(found, low=None, high=None, extras={"perfect": perfect}, note=why)
            return with_clips(counted, generated, reference)
        low = None if found.low is None else max(0.0, found.low)  # bias correction can pass below zero
        counted = replace(found, low=low, extras={**found.extras, "perfect": perfect})
        return with_clips(counted, generated, reference)


class FrechetShapes(FrechetDistance):
    """Fréchet distance on features of the shapes world's spatio-temporal network (16 frames)."""

    info: ClassVar[MetricInfo] = _info(
        id="distribution/frechet_shapes",
        extractors=("shapes-video",),
        summary="Fréchet distance to real clips on features of a network of the shapes world.",
        source="Heusel et al. (NeurIPS 2017), Unterthiner et al. (2018); features: extractor shapes-video",
        min_frames=16,
        min_n=8,
    )


class FrechetVideoDistance(FrechetDistance):
    """Fréchet video distance: logits of I3D, short side 224 with antialias and centre crop, 16 frames.

    Traps:
        As every Fréchet distance it grows as clips get fewer: about 40 for a perfect generator at 2048 clips
        of unit variance. I3D's order of models can contradict human judgement of motion; see
        `distribution/fvd_videomae`.
    """

    info: ClassVar[MetricInfo] = _info(
        id="distribution/fvd",
        extractors=("i3d",),
        summary="Fréchet video distance to reference clips (I3D logits, 16 frames, cropped to 224).",
        source=f"{_FVD}; short side 224 bilinear antialias, centre crop",
        min_frames=16,
    )


class FrechetVideoDistanceStyleGanV(FrechetDistance):
    """Fréchet video distance in the geometry of StyleGAN-V: frames stretched to 224x224 without antialias."""

    info: ClassVar[MetricInfo] = _info(
        id="distribution/fvd_styleganv",
        extractors=("i3d-styleganv",),
        summary="Fréchet video distance to reference clips (I3D logits, 16 frames, stretched to 224).",
        source=f"{_FVD}; geometry of Skorokhodov et al., StyleGAN-V (CVPR 2022)",
        min_frames=16,
    )


class FrechetVideoMae(FrechetDistance):
    """Content-debiased Fréchet video distance, on VideoMAE V2, which weighs motion more than I3D does."""

    info: ClassVar[MetricInfo] = _info(
        id="distribution/fvd_videomae",
        extractors=("videomae",),
        summary="Fréchet distance to reference clips on VideoMAE features (content-debiased FVD, 16 frames).",
        source="Ge et al., On the content bias in Fréchet video distance (CVPR 2024)",
        min_frames=16,
    )


class FrechetInceptionDistance(FrechetDistance):
    """Fréchet inception distance of frames: every fourth frame of each clip is one row.

    Traps:
        Frames of a clip are alike, so the effective n is nearer to the number of clips than to that of
        frames; the interval takes clips of a prompt together. It does not see motion at all.
    """

    info: ClassVar[MetricInfo] = _info(
        id="distribution/fid",
        extractors=("inception-fid",),
        summary="Fréchet inception distance of frames (every fourth) to frames of reference clips.",
        source=f"{_HEUSEL}; weights and geometry of pytorch-fid",
    )


class FrechetEfficientNet(FrechetDistance):
    """Fréchet distance of frames on EfficientNet-Lite0, a network that any machine can run and fetch.

    Traps:
        Not FID: another network, so another number. As FID, it does not see motion.
    """

    info: ClassVar[MetricInfo] = _info(
        id="distribution/frechet_efficientnet",
        extractors=("efficientnet-lite0",),
        summary="Fréchet distance of all frames to frames of reference clips on EfficientNet-Lite0 features.",
        source=f"{_HEUSEL}; features: extractor efficientnet-lite0",
    )


class FrechetVideoDistanceAtInfinity(FeatureSetMetric):
    """FVD at infinitely many generated clips, by a line over 1/n through ten sizes; may be a little below 0.

    Formula:
        FVD(n) = a + b/n, n clips, fitted to subsets between a quarter of them and all; the value is a.

    Traps:
        The reference set stays as it is, and so does the bias that its size brings. The interval is a
        delete-a-prompt-group jackknife of the fitted value (20 groups).
    """

    info: ClassVar[MetricInfo] = _info(
        id="distribution/fvd_infinity",
        version=2,
        extractors=("i3d",),
        summary="Fréchet video distance extrapolated to infinitely many generated clips.",
        source="Chong & Forsyth, Effectively unbiased FID and inception score (CVPR 2020), section 4",
        bounds=(None, None),
        min_frames=16,
        min_n=128,
    )

    def estimate(self, generated: FeatureRows, reference: FeatureRows | None) -> Estimate:
        assert reference is not None
        x, target = generated.values, moments(reference.values)
        least, clip = generated.clips // 4, np.repeat(np.arange(generated.clips), generated.lengths)

        def of_clips(some: Ints) -> float:
            return distance(moments(x[np.isin(clip, some)]), target)

        found = jackknife(
            generated.prompts,
            lambda kept: at_infinity(of_clips, np.unique(clip[kept]), least, generated.clips),
            max_groups=_FEW_GROUPS,
        )
        extras = {**found.extras, "sizes": float(SIZES), "least_size": float(least)}
        return with_clips(replace(found, extras=extras), generated, reference)
