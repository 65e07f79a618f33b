"""Which clips can be compared frame by frame, and are large enough for it."""

from __future__ import annotations

from typing import ClassVar

from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import PairMetric, SampleInfo


def check_sizes(clip: ClipInfo, reference: ClipInfo) -> None:
    """Raise NotApplicable unless both clips have one size and, where known, one length."""
    if (clip.height, clip.width) != (reference.height, reference.width):
        raise NotApplicable(
            f"the clip is {clip.width}x{clip.height} and its reference {reference.width}x{reference.height}"
        )
    if None not in (clip.num_frames, reference.num_frames) and clip.num_frames != reference.num_frames:
        raise NotApplicable(f"the clip has {clip.num_frames} frames and its reference {reference.num_frames}")


class FramePairs(PairMetric):
    """Mean over frames of a value that each frame has beside its reference."""

    least: ClassVar[int] = 1  # the smallest side in pixels that it can take

    def start(self, clip: ClipInfo, reference: ClipInfo, sample: SampleInfo) -> None:
        check_sizes(clip, reference)
        if min(clip.height, clip.width) < self.least:
            raise NotApplicable(
                f"frames of {clip.width}x{clip.height}: this metric needs {self.least} pixels a side"
            )
        self._sum, self._count = 0.0, 0

    def finish(self) -> float:
        return self._sum / self._count
