"""Do the objects of a clip of the stage world move steadily, or do they jitter and jump?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Bools
from vbench_lite.datasets.stage import judge
from vbench_lite.metric import Axis, FeatureMetric, Features, MetricInfo
from vbench_lite.suites.stage_readings import EXTRACTOR, stage_info

LARGEST_CHANGE = 1.0  # pixels a frame; the slower speed of the world is 1.5, the judge is right to a quarter


class StageSteadiness(FeatureMetric):
    """Share of moments at which an object goes on as it went: its step changes by at most a pixel.

    Formula: mean over both objects of the share of three frames in a row that show it whole in which the
        second step differs from the first by at most 1 pixel (of 48) a frame; 0 if there are no such three.
    Traps: a frozen clip scores 1: read it beside motion amount. Objects of real clips bounce and turn, so
        they lie near 0.9. A steady path in a wrong direction is steady.
    """

    info: ClassVar[MetricInfo] = stage_info(
        "coherence/stage_steadiness",
        "Share of moments at which an object goes on as it went, its step changed by a pixel at most.",
        "centers of the best template, frames in which the object is whole",
        axis=Axis.COHERENCE,
        min_frames=3,
    )

    def finish(self, features: Mapping[str, Features]) -> float:
        return steadiness(features[EXTRACTOR])


def steadiness(rows: Features, counted: Bools | None = None) -> float:
    """The share, in [0, 1], of a clip or of a part of one, by the rows of the judge's extractor.

    Args:
        counted: bool (T, 2), frames that may be steady, for the warm and the cool object; None: all.
    """
    centers, whole = judge.tracks(rows)
    kept = whole if counted is None else whole & counted
    change = np.linalg.norm(np.diff(centers, n=2, axis=0), axis=-1)
    steady = (_three_in_a_row(kept) & (change <= LARGEST_CHANGE)).sum(axis=0)
    return float((steady / np.maximum(_three_in_a_row(whole).sum(axis=0), 1)).mean())


def _three_in_a_row(frames: Bools) -> Bools:
    return frames[2:] & frames[1:-1] & frames[:-2]
