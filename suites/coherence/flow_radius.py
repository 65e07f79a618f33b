"""Motion by RAFT: how far the fastest parts go, and whether that is motion at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, ClipMetric, Features, MetricInfo, SampleInfo
from vbench_lite.suites.extractors.raft import RATE, frame_step

MOVES = 6 / 256 * RATE  # short sides a second


class FlowRadius(ClipMetric):
    """Mean over pairs of frames of the mean of the top 5% of flow lengths, in short sides a second.

    The number behind `vbench/dynamic_degree`, without its threshold, and independent of size and rate. It is
    a description: more is not better.

    Formula:
        sum over pairs of top5%(|flow|) / min(h, w), divided by the seconds between their first frames and
        their second ones; pairs are max(1, round(fps / 8)) frames apart

    Traps:
        Cuts, flicker and a moving camera are flow as well. Something smaller than 5% of the picture is
        averaged with the still ground around it. A clip without a frame rate has no value.

    Cost: one encoding of RAFT a frame and 20 updates a pair.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="coherence/flow_radius",
        version=2,
        axis=Axis.COHERENCE,
        unit="sides/s",
        bounds=(0.0, None),
        higher_is_better=None,
        summary="How fast the fastest 5% of the picture moves, in short sides of the frame a second.",
        source="VBench (Huang et al., CVPR 2024), vbench/dynamic_degree.py, before its threshold",
        extractors=("raft-things",),
        min_frames=2,
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        if clip.fps is None:
            raise NotApplicable("the clip's frame rate is unknown")
        self._clip, self._step = clip, frame_step(clip.fps)

    def ways(self, features: Mapping[str, Features]) -> tuple[Floats, Floats]:
        """Of each pair of frames the way, in short sides, and the seconds it takes, float64 (P,)."""
        ways = features["raft-things"][:, 0].astype(np.float64) / min(self._clip.height, self._clip.width)
        edges = self._clip.edges(len(ways) * self._step)
        return ways, np.diff(edges[:: self._step])

    def finish(self, features: Mapping[str, Features]) -> float:
        ways, seconds = self.ways(features)
        if not seconds.any():
            raise NotApplicable("no time passes between the clip's frames")
        return float(ways.sum() / seconds.sum())


class Dynamic(FlowRadius):
    """Whether a clip moves: 1 if a quarter of its pairs of frames, and at least one, move.

    `vbench/dynamic_degree` without its faults: a still of two frames does not move, and the threshold is a
    speed, so that a clip of a lower rate is not called dynamic for the longer time between its frames.

    Formula:
        1 if #(speed > 6/256 short sides an eighth of a second) >= max(1, pairs / 4), else 0

    Traps:
        Cuts, flicker and a moving camera move as well. Something small that moves fast may stay below the
        threshold: the mean of the top 5% is compared. A clip without a frame rate has no value.

    Cost: one encoding of RAFT a frame and 20 updates a pair.
    """

    info: ClassVar[MetricInfo] = replace(
        FlowRadius.info,
        id="coherence/dynamic",
        unit="",
        bounds=(0.0, 1.0),
        summary="Whether a clip moves (1) or not (0): a quarter of its pairs of frames are above a speed.",
        source="VBench (Huang et al., CVPR 2024), vbench/dynamic_degree.py, corrected",
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        ways, seconds = self.ways(features)
        return float((ways > MOVES * seconds).sum() >= max(1.0, len(ways) / 4))
