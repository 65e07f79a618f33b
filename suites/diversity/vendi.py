"""Vendi score of a set: how many different clips it holds in effect."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import numpy as np

from vbench_lite.metric import Axis, Estimate, MetricInfo
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.stats.vendi import cosine_similarity, vendi_score
from vbench_lite.suites.feature_set import FeatureRows, FeatureSetMetric, with_clips

_SOURCE = "Friedman & Dieng, The Vendi Score (TMLR 2023)"
_info = partial(
    MetricInfo,
    version=2,
    axis=Axis.DIVERSITY,
    unit="clips",
    bounds=(1.0, None),
    higher_is_better=True,
    min_frames=16,
    min_n=4,
)


class VendiShapes(FeatureSetMetric):
    """Effective number of different clips: 1 if all are alike, n if none has anything of another.

    Formula:
        exp(-sum l log l) over the eigenvalues l of K / n, K the cosines of features, each the mean over the
        windows of a clip.

    Traps:
        It grows with n, so values are compared at equal n only, and the interval is for what sets of this
        size show on average. Noise is diverse to networks that do not know
        it: read it beside precision.
    """

    needs_reference: ClassVar[bool] = False
    one_row: ClassVar[bool] = True
    info: ClassVar[MetricInfo] = _info(
        id="diversity/vendi_shapes",
        extractors=("shapes-video",),
        summary="Effective number of different clips in the set (features of the shapes world).",
        source=f"{_SOURCE}; cosine of features of extractor shapes-video",
    )

    def estimate(self, generated: FeatureRows, reference: FeatureRows | None) -> Estimate:
        similarity = cosine_similarity(generated.values)
        found = jackknife(
            generated.prompts, lambda kept: vendi_score(similarity[np.ix_(kept, kept)]), corrected=False
        )
        return with_clips(found, generated, None)


class Vendi(VendiShapes):
    """Effective number of different clips by logits of I3D; see `diversity/vendi_shapes`."""

    info: ClassVar[MetricInfo] = _info(
        id="diversity/vendi",
        extractors=("i3d",),
        summary="Effective number of different clips in the set (cosine of I3D logits).",
        source=f"{_SOURCE}; cosine of features of extractor i3d",
    )
