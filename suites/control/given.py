"""Does a clip begin where it was told to begin: at a given picture, or after given frames?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Ints
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, ClipMetric, Features, Frames, MetricInfo, SampleInfo, Scored
from vbench_lite.suites.frame_means import step_ratio
from vbench_lite.suites.reconstruction.psnr import frame_psnr


class FirstFramePsnr(ClipMetric):
    """Peak signal-to-noise ratio of the first frame against the picture that was given (image to video).

    Formula: 10 log10(255^2 / mean squared error) of the first frame, at most 100 dB.
    Preprocessing: the picture as the generator was handed it, at its own frame size.
    Traps: a pipeline that copies the picture into the clip has 100 dB without having made anything: read it
        beside `control/entry_jump`, and a frozen clip is at the ceiling as well.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="control/first_frame_psnr",
        axis=Axis.ALIGNMENT,
        unit="dB",
        bounds=(0.0, 100.0),
        higher_is_better=True,
        summary="How near the first frame is to the picture that was given; 100 dB where they are equal.",
        source="10 log10(255^2 / MSE), capped at 100 dB",
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        if sample.image is None:
            raise NotApplicable("no picture was given")
        _check(sample.image, clip)
        self._image = sample.image
        self._value: float | None = None

    def push(self, frames: Frames, indices: Ints) -> None:
        if self._value is None:
            self._value = frame_psnr(frames[0], self._image)

    def finish(self, features: Mapping[str, Features]) -> float:
        assert self._value is not None
        return self._value


class EntryJump(ClipMetric):
    """How far the first step of a clip, away from the frames that were given, differs from its other steps.

    0 if the clip goes on from what was given as it goes on later; 1 if that first step is twice as large,
    or half as large (the clip hangs). After given frames the step is from the last of them to the first
    frame; from a given picture, whose rendering the first frame is, it is the step to the second frame.

    Formula: |log2((e + 1/255) / (s + 1/255))|, e the mean absolute difference of the step, s the median of
        that of the clip's later neighbours (and of the given frames).
    Traps: a clip that moves off slowly from a still picture, as many stories do, scores above 0. How near
        the first frame is to a picture is not looked at here: see `control/first_frame_psnr`.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="control/entry_jump",
        version=2,
        axis=Axis.ALIGNMENT,
        unit="log2",
        bounds=(0.0, None),
        higher_is_better=False,
        summary="How unlike its other steps the step from the given frames into the clip is; 0 is seamless.",
        source="vbench_lite: log ratio of neighbour differences at and after the border (definition)",
        min_frames=3,
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        if sample.image is None and sample.past_frames is None:
            raise NotApplicable("no frames were given")
        given = sample.past_frames if sample.image is None else sample.image[None]
        assert given is not None
        _check(given[-1], clip)
        self._last: Frames | None = None if sample.image is not None else given[-1]
        self._entry: float | None = None
        self._steps = [_step(a, b) for a, b in itertools.pairwise(given)]

    def push(self, frames: Frames, indices: Ints) -> None:
        for frame in frames:
            if self._last is not None:
                step = _step(self._last, frame)
                if self._entry is None:
                    self._entry = step
                else:
                    self._steps.append(step)
            self._last = frame.copy()

    def finish(self, features: Mapping[str, Features]) -> Scored:
        assert self._entry is not None and self._steps
        typical = float(np.median(self._steps))
        return Scored(abs(step_ratio(self._entry, typical)))


def _step(first: Frames, second: Frames) -> float:
    return float(np.abs(first.astype(np.int16) - second).mean(dtype=np.float64)) / 255


def _check(picture: Frames, clip: ClipInfo) -> None:
    height, width = picture.shape[:2]
    if (height, width) != (clip.height, clip.width):
        raise NotApplicable(f"the clip is {clip.width}x{clip.height} and what was given {width}x{height}")
