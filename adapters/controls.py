"""Control arms: clips whose place on every scale is known before anything is measured.

`real` shows held-out real clips and should score best; `frozen` (a real first frame, repeated), `noise`
and `shuffled` (real frames in a wrong order) should score worst. They give metrics their scale, are never
ranked, and expose a metric on which a floor beats real data.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np

from vbench_lite.dataset import ClipSize, Dataset, RealClip, find_dataset
from vbench_lite.errors import RequestError
from vbench_lite.generator import (
    Family,
    FrameRule,
    Frames,
    GenerationContext,
    GenerationRequest,
    Generator,
    GeneratorInfo,
    Task,
)

_NOISE, _ORDER = 0x9015E, 0x54F1E


class Control(Generator):
    """Base of the control arms: no weights, and any size that the data set of the request can show."""

    name: ClassVar[str]
    summary: ClassVar[str]
    smallest: ClassVar[int] = 1  # frames

    @property
    def info(self) -> GeneratorInfo:
        return GeneratorInfo(
            name=f"control/{self.name}",
            family=Family.CONTROL,
            tasks=(Task.T2V, Task.I2V, Task.V2V, Task.C2V),
            frames=FrameRule(minimum=self.smallest),
            latents=True,
            license="Apache-2.0",
            weights_license="Apache-2.0",
            summary=self.summary,
        )

    def load(self) -> None:
        """There is nothing to load."""

    def check(self, request: GenerationRequest) -> None:
        """Raise PromptError, RequestError or ClipError unless the data set has a real clip for it.

        Whether it has one depends on prompt and size; the seed says which.
        """
        asked = request.dataset, request.prompt, *_size(request)
        if asked not in self._there:
            _real_clip(request)
            self._there.add(asked)

    @cached_property
    def _there(self) -> set[tuple[object, ...]]:
        """Of what there is a real clip: a plan asks for each of hundreds of thousands of samples."""
        return set()

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        """Emit each clip whole."""
        context.phase("render")
        for index, request in enumerate(requests):
            context.step(index, len(requests))
            context.emit(index, self.clip(request))

    def reconstruct(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        """What stands for a reconstruction: the given clip itself, or what the control makes of it."""
        self.generate(requests, context)

    @abstractmethod
    def clip(self, request: GenerationRequest) -> Frames:
        """Return the clip, uint8 (T, H, W, 3)."""


def data_of(request: GenerationRequest) -> Dataset:
    """The data set that a control shows clips of; raises RequestError where the request names none."""
    if request.dataset is None:
        raise RequestError("a control shows clips of a data set, and this request names none")
    return find_dataset(request.dataset)


def _real_clip(request: GenerationRequest) -> RealClip:
    """The clip that given frames of this request are taken from: of its prompt, or of anything where the
    data set has none of this prompt."""
    dataset = data_of(request)
    prompt = request.prompt if dataset.has(request.prompt) else None
    return dataset.real(prompt, request.seed, ClipSize(*_size(request)))


def _size(request: GenerationRequest) -> tuple[int, int, int, float]:
    """Of the real clip: with the past frames that are given."""
    past = 0 if request.past_frames is None else len(request.past_frames)
    return past + request.num_frames, request.height, request.width, request.fps


def _real(request: GenerationRequest) -> Frames:
    """Its frames; past frames are left out of it."""
    frames = _real_clip(request).frames()
    return frames[len(frames) - request.num_frames :]


class Real(Control):
    """Held-out real clips: the ceiling."""

    name = "real"
    summary = "held-out real clips of the prompt: the ceiling of every metric"

    def clip(self, request: GenerationRequest) -> Frames:
        return _real(request)


class Frozen(Control):
    """The first frame of a real clip, repeated."""

    name = "frozen"
    summary = "the first frame of a held-out real clip, repeated"

    def clip(self, request: GenerationRequest) -> Frames:
        return np.repeat(_real(request)[:1], request.num_frames, axis=0)


class Noise(Control):
    """Independent uniform noise in every pixel."""

    name = "noise"
    summary = "independent uniform noise in every pixel of every frame"

    def clip(self, request: GenerationRequest) -> Frames:
        rng = np.random.default_rng([request.seed, _NOISE])
        shape = (request.num_frames, request.height, request.width, 3)
        return rng.integers(0, 256, shape, dtype=np.uint8)


class Shuffled(Control):
    """The frames of a real clip in an order that is never the right one."""

    name = "shuffled"
    summary = "the frames of a held-out real clip in a random wrong order"
    smallest = 2

    def clip(self, request: GenerationRequest) -> Frames:
        frames = _real(request)
        rng = np.random.default_rng([request.seed, _ORDER])
        order = rng.permutation(len(frames))
        while (np.diff(order) == 1).all():
            order = rng.permutation(len(frames))
        return frames[order]
