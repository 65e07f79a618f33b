"""VBench's temporal flickering, exactly as published."""

from __future__ import annotations

import itertools
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.clip import ClipInfo
from vbench_lite.metric import Axis, Frames, MetricInfo, NeighbourMetric, SampleInfo, SetRule
from vbench_lite.suites.vbench.prompt_lists import on_the_list, published_info


class TemporalFlickering(NeighbourMetric):
    """(255 - mean over neighbouring frames of their mean absolute difference) / 255, per video.

    Frames are taken as decoded, uint8 0..255, all of them, at full size. A frozen clip scores 1, so this
    number says nothing without motion amount beside it. Source: VBench (Huang et al., CVPR 2024),
    vbench/temporal_flickering.py.

    Formula: (255 - mean over pairs of neighbours of mean |f(t+1) - f(t)|) / 255.
    Traps: motion counts as flicker: a frozen clip is at the ceiling, a fast one below a slow one.
    """

    info: ClassVar[MetricInfo] = published_info(
        "temporal_flickering",
        "How little neighbouring frames differ; 1 is a still picture.",
        axis=Axis.COHERENCE,
        bounds=(0.0, 1.0),
        min_frames=2,
        over_set=SetRule(),  # the mean of videos, whatever their prompts
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        super().start(clip, sample)
        on_the_list(sample, "temporal_flickering")

    def pairs(self, frames: Frames) -> Floats:
        """Return 1 - mean absolute difference / 255 of each pair of neighbours."""
        return np.array([1.0 - _difference(a, b) / 255.0 for a, b in itertools.pairwise(frames)])


def _difference(first: Frames, second: Frames) -> float:
    """Mean absolute difference in levels; uint8 arithmetic without wrap-around."""
    larger = np.maximum(first, second)
    return float((larger - np.minimum(first, second)).mean(dtype=np.float64))
