"""Is a place that was left and reached again what it was?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vbench_lite.arrays import Floats, Ints
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import ClipMetric, Features, Frames, MetricInfo, SampleInfo, Scored
from vbench_lite.suites.interaction.session import interaction_info, read_session

NEAR = 0.3  # pixels at 32x32 within which two places are one
AWAY = 4.0  # pixels at 32x32 by which the shape was elsewhere in between
_PAIRS = 512
_MOST_FRAMES = 1024  # of a longer session every so many are looked at
_SIDE = 32  # pixels to which frames are reduced for the comparison


class Revisit(ClipMetric):
    """How alike frames are that show the shape at one place, after it was elsewhere.

    Frames are paired by the place that the shape has reached, not by time; frames at other places, paired at
    random, are the null. Not evaluable, and never perfect, for a clip that does not move away and come back.

    Formula: 1 - d / d0, at least 0; d is the mean absolute difference of pairs of frames whose places are
        within 0.3 pixels (at 32x32) and between which the shape was 4 pixels away; d0 that of as many pairs
        whose places are 4 pixels apart.
    Preprocessing: frames reduced to 32x32 by means of blocks.
    Traps: it asks whether the thing is the same at the same place, not whether it went where it was told.
    """

    info: ClassVar[MetricInfo] = interaction_info(
        "interaction/revisit", "How alike the picture is when the thing is back where it was; 1 is the same."
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        if sample.script is None:
            raise NotApplicable("the clip was not steered")
        self._sample = sample
        self._frames: list[Frames] = []

    def push(self, frames: Frames, indices: Ints) -> None:
        self._frames.append(_reduced(frames))

    def finish(self, features: Mapping[str, Features]) -> Scored:
        session = read_session(features["shapes-judge"], self._sample)
        every = -(-len(session.track) // _MOST_FRAMES)
        again, other = pairs(session.track[::every])
        if not len(again):
            raise NotApplicable("it did not move away and come back")
        frames = np.concatenate(self._frames)[::every].astype(np.int16)
        same, null = (_difference(frames, chosen) for chosen in (again, other))
        if null == 0:
            raise NotApplicable("frames at other places look the same")
        return Scored(max(0.0, 1.0 - same / null))


def pairs(track: Floats) -> tuple[Ints, Ints]:
    """Pairs of frames at one place with another in between, and as many at different places, int64 (N, 2)."""
    apart = np.linalg.norm(track[:, None] - track[None], axis=2)
    left = np.maximum.accumulate(np.triu(apart), axis=1)  # how far it was from frame i until frame j
    again = np.argwhere(np.triu((apart <= NEAR) & (left >= AWAY), 1))
    other = np.argwhere(np.triu(apart >= AWAY, 1))
    rng = np.random.default_rng(0)
    count = min(len(again), len(other), _PAIRS)
    return rng.permutation(again)[:count], rng.permutation(other)[:count]


def _difference(frames: npt.NDArray[np.int16], chosen: Ints) -> float:
    return float(np.mean([np.abs(frames[i] - frames[j]).mean() for i, j in chosen]))


def _reduced(frames: Frames) -> Frames:
    every = [max(1, side // _SIDE) for side in frames.shape[1:3]]
    height, width = (side // step * step for side, step in zip(frames.shape[1:3], every, strict=True))
    blocks = frames[:, :height, :width].reshape(
        len(frames), height // every[0], every[0], width // every[1], every[1], 3
    )
    reduced: Frames = blocks.mean(axis=(2, 4)).astype(np.uint8)
    return reduced
