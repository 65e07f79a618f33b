"""Whether a clip moves as its reference does, in the eyes of a network: temporal LPIPS."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Ints
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, Frames, MetricInfo, SampleInfo
from vbench_lite.suites.reconstruction.perceptual import LpipsAlex


class TemporalLpips(LpipsAlex):
    """Mean over neighbouring frames of how much their LPIPS differs between a clip and its reference.

    Formula:
        mean over t of | LPIPS(x[t], x[t+1]) - LPIPS(r[t], r[t+1]) |

    Traps:
        It compares how much changes from frame to frame, not what: a clip of another scene that moves
        alike is near. The published number is 100 times this one.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="fidelity/tlpips",
        axis=Axis.COHERENCE,
        bounds=(0.0, None),
        higher_is_better=False,
        summary="Difference of the change between neighbouring frames (LPIPS, AlexNet) to the reference "
        "clip; 0 where both change alike.",
        source="tLP of Chu et al., Learning temporal coherence via self-supervision for GAN-based video "
        "generation (ACM TOG 39, 2020), on LPIPS v0.1 by the lpips package",
        weights=("lpips-alex",),
        min_frames=2,
    )

    def start(self, clip: ClipInfo, reference: ClipInfo, sample: SampleInfo) -> None:
        super().start(clip, reference, sample)
        self._last: tuple[Frames, Frames] | None = None

    def push(self, frames: Frames, reference: Frames, indices: Ints) -> None:
        ours, theirs = frames, reference
        if self._last is not None:
            ours, theirs = (np.concatenate(both) for both in zip(self._last, (ours, theirs), strict=True))
        self._last = ours[-1:].copy(), theirs[-1:].copy()
        changes = self.each(ours[1:], ours[:-1]) - self.each(theirs[1:], theirs[:-1])
        self._sum += float(np.abs(changes).sum())
        self._count += len(changes)

    def finish(self) -> float:
        if not self._count:
            raise NotApplicable("a clip of one frame has no neighbours")
        return super().finish()
