"""Can the borders be seen at which a generator joined the pieces of a clip?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, Features, Frames, MetricInfo, NeighbourMetric, SampleInfo, Scored
from vbench_lite.suites.frame_means import frame_means, step_ratio


class SeamVisibility(NeighbourMetric):
    """How much more two frames differ across a border of pieces than within a piece.

    Borders are those of the pieces in which the frames arrived, or those that the adapter noted
    (`seams`), so this needs a run; frames made one by one have no pieces.

    Formula: log2((b + 1/255) / (w + 1/255)), b the mean over borders of the mean absolute difference of the
        two frames, w the mean over all other neighbours. 0: a border is a step like any other; 1: twice
        as large; below 0: frames hang at the borders. The series has the difference at every step.
    Traps: a cut in the story at a border counts as a seam.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="horizon/seam_visibility",
        axis=Axis.HORIZON,
        unit="log2",
        bounds=(None, None),
        higher_is_better=False,
        summary="How much larger the step across a border of pieces is than a step within; 0 is no seam.",
        source="vbench_lite: log ratio of neighbour differences at and off the borders (definition)",
        min_frames=3,
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        super().start(clip, sample)
        if not sample.pieces:
            raise NotApplicable("nobody recorded the pieces in which the clip was made")
        if len(sample.pieces) == 1:
            raise NotApplicable("the clip was made in one piece")
        if max(sample.pieces) == 1:
            raise NotApplicable("the clip was made frame by frame: there are no pieces")
        self._borders = np.cumsum(sample.pieces[:-1]) - 1  # step i leads from frame i to frame i + 1
        self._clip = clip
        self._steps: list[float] = []

    def pairs(self, frames: Frames) -> Floats:
        """Return the mean absolute difference of each pair of neighbours, in [0, 1]."""
        values = frame_means(np.abs(np.diff(frames.astype(np.int16), axis=0))) / 255
        self._steps += values.tolist()
        return values

    def finish(self, features: Mapping[str, Features]) -> Scored:
        steps = np.array(self._steps)
        at_border = np.zeros(len(steps), np.bool_)
        at_border[self._borders[self._borders < len(steps)]] = True
        if at_border.all() or not at_border.any():
            raise NotApplicable("the clip has steps at borders only, or none: nothing to compare with")
        border, within = float(steps[at_border].mean()), float(steps[~at_border].mean())
        value = step_ratio(border, within)
        if self._clip.step is None:
            return Scored(value)
        times = self._clip.edges(len(steps))[1:]
        return Scored(value, tuple(zip(times.tolist(), self._steps, strict=True)))
