"""How often a clip cuts to another picture."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np

from vbench_lite.arrays import Floats, Floats32
from vbench_lite.clip import ClipInfo
from vbench_lite.metric import Axis, Features, Frames, MetricInfo, NeighbourMetric, SampleInfo

BINS = 8  # for each channel
CUT_DISTANCE = 0.4  # Bhattacharyya distance of colour histograms at a cut
LEAST_LEVELS = 8.0  # that a cut changes the frame by, on the mean; cuts of films change it by 50
SMALL_SIDE = 160  # pixels; larger frames are reduced


class SceneCuts(NeighbourMetric):
    """Number of cuts: neighbours whose colours are distributed quite differently.

    Formula: neighbours whose 8x8x8 RGB histograms are at least 0.4 apart (Bhattacharyya distance, 0..1)
        and twice as far apart as the neighbours before them, and whose mean absolute difference is at least
        8 levels: a plain ground that passes from one bin to the next is no cut.
    Preprocessing: short side reduced to 160 by area.
    Traps: a cut between two shots of like colours is missed; a flash of several frames counts as two. It is
        a description: a trailer cuts, a single shot should not.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="coherence/scene_cuts",
        version=2,
        axis=Axis.COHERENCE,
        unit="cuts",
        bounds=(0.0, None),
        higher_is_better=None,
        summary="Number of cuts to another picture within a clip, by its colours.",
        source="colour histogram differences (Zhang et al., Multimedia Systems 1993), Bhattacharyya distance",
        min_frames=2,
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        super().start(clip, sample)
        self._distances: list[float] = []

    def pairs(self, frames: Frames) -> Floats:
        """Return the histogram distance of each pair of neighbours, in [0, 1]."""
        small = [_small(frame) for frame in frames]
        histograms = [_histogram(frame) for frame in small]
        both = itertools.pairwise(histograms)
        found = np.array([cv2.compareHist(a, b, cv2.HISTCMP_BHATTACHARYYA) for a, b in both])
        levels = [cv2.norm(a, b, cv2.NORM_L1) / a.size for a, b in itertools.pairwise(small)]
        found[np.array(levels) < LEAST_LEVELS] = 0.0
        self._distances += found.tolist()
        return found

    def finish(self, features: Mapping[str, Features]) -> float:
        distances = np.array(self._distances)
        before = np.concatenate([[0.0], distances[:-1]])
        return float(((distances >= CUT_DISTANCE) & (distances >= 2 * before)).sum())


def _small(frame: Frames) -> Frames:
    height, width = frame.shape[:2]
    ratio = SMALL_SIDE / min(height, width)
    if ratio < 1:
        size = (round(width * ratio), round(height * ratio))
        frame = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(frame)


def _histogram(frame: Frames) -> Floats32:
    counts = cv2.calcHist([frame], [0, 1, 2], None, [BINS] * 3, [0, 256] * 3)
    return np.asarray(counts, np.float32)
