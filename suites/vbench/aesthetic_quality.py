"""VBench's aesthetic quality."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import WeightsError
from vbench_lite.metric import Axis, Features, MetricInfo, SampleInfo, SetRule
from vbench_lite.suites.vbench.prompt_lists import PublishedMetric, published_info
from vbench_lite.weights import files

KEY = "laion-aesthetic-l14"


class AestheticQuality(PublishedMetric):
    """How pleasing frames are, by LAION's linear head on CLIP ViT-L/14 embeddings of length 1.

    Formula:
        mean over frames of (w . f / |f| + b) / 10

    Traps:
        The head was trained on ratings of pictures; it knows nothing of motion.

    Cost: one pass of ViT-L/14 a frame.
    """

    info: ClassVar[MetricInfo] = published_info(
        "aesthetic_quality",
        "Predicted rating of frames as pictures, a tenth of LAION's scale of 1..10.",
        axis=Axis.QUALITY,
        bounds=(None, None),
        extractors=("clip-vit-l14",),
        weights=(KEY,),
        over_set=SetRule(),
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        super().start(clip, sample)
        self._weight, self._bias = _head(files.fingerprint(KEY))

    def finish(self, features: Mapping[str, Features]) -> float:
        rows = features["clip-vit-l14"].astype(np.float64)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return float((rows @ self._weight + self._bias).mean() / 10)


@cache
def _head(fingerprint: str) -> tuple[Floats, float]:
    """Weight float64 (768,) and bias of the head; `fingerprint` tells files of one key apart."""
    tensors = files.state_dict(KEY)
    weight, bias = tensors["weight"].double().numpy(), tensors["bias"].double().numpy()
    if weight.shape != (1, 768) or bias.shape != (1,):
        raise WeightsError(f"{KEY} is a linear head of 768 inputs and 1 output, got {weight.shape}")
    return weight[0], float(bias[0])
