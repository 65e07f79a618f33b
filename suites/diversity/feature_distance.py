"""How different the clips of one set are from one another."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.metric import Axis, Estimate, MetricInfo
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.suites.feature_set import FeatureRows, FeatureSetMetric, with_clips


class FeatureDistance(FeatureSetMetric):
    """Mean over pairs of clips of 1 - cosine of their features, each pair once.

    0 if all clips are the same, about 1 if features are unrelated, at most 2. Features of the shapes world's
    network say which thing moves how, so repeated content lowers the number, and noise, which the network
    sees as one and the same nothing, scores low. A generator is as diverse as it should be at the value of
    real clips for the same prompts. Source: mean pairwise distance as in Zhu et al., Toward multimodal
    image-to-image translation (NeurIPS 2017), with cosine on features.

    Formula: mean over pairs of clips of 1 - f_i . f_j / (|f_i| |f_j|), f the mean over the windows of a clip.
    Traps: more than real clips have is no virtue: wrong clips are diverse. The value depends on the
        prompts.
    """

    needs_reference: ClassVar[bool] = False
    one_row: ClassVar[bool] = True
    info: ClassVar[MetricInfo] = MetricInfo(
        id="diversity/feature_distance",
        version=2,
        extractors=("shapes-video",),
        summary="Mean of 1 - cosine between the features of two clips of the set; 0 if all are the same.",
        source="mean pairwise feature distance (Zhu et al., NeurIPS 2017); features: extractor shapes-video",
        axis=Axis.DIVERSITY,
        bounds=(0.0, 2.0),
        higher_is_better=True,
        min_frames=16,
        min_n=4,
    )

    def estimate(self, generated: FeatureRows, reference: FeatureRows | None) -> Estimate:
        distances = cosine_distances(generated.values)

        def mean(kept: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
            return float(distances[np.ix_(kept, kept)].sum() / (len(kept) * (len(kept) - 1)))

        return with_clips(jackknife(generated.prompts, mean), generated, None)


class FeatureDistanceEfficientNet(FeatureDistance):
    """Mean over pairs of clips of 1 - cosine of their mean EfficientNet features, each pair once.

    0 if all clips show the same; at most 2. It reads what frames show and not how things move, for clips of
    anything. Source and formula as `diversity/feature_distance`.

    Traps: more than real clips have is no virtue: wrong clips are diverse. The value depends on the prompts.
    Cost: one pass of EfficientNet-Lite0 a frame.
    """

    info: ClassVar[MetricInfo] = replace(
        FeatureDistance.info,
        id="diversity/feature_distance_efficientnet",
        extractors=("efficientnet-lite0",),
        summary="Mean of 1 - cosine between the mean frame features of two clips of the set; "
        "0 if all are the same.",
        source="mean pairwise feature distance (Zhu et al., NeurIPS 2017); "
        "features: extractor efficientnet-lite0",
        min_frames=1,
    )


def cosine_distances(values: Floats) -> Floats:
    """1 - cosine between rows, float64 (n, n) in [0, 2], of values, float64 (n, dim)."""
    unit = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    distances: Floats = np.clip(1.0 - unit @ unit.T, 0.0, 2.0)
    np.fill_diagonal(distances, 0.0)
    return distances
