"""A data set of somebody else: waves of light, of which colour and speed are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vbench_lite.dataset import ClipSize, Dataset, DatasetInfo, Draw, Gives, Prompt, RealClip, with_ids
from vbench_lite.errors import DatasetError, PromptError

COLOURS = {"red": 0, "green": 1, "blue": 2}
SPEEDS = {"still": 0, "slow": 1, "quick": 2, "rushing": 3}
CAPTIONS = {f"a {speed} {colour} wave": (colour, speed) for colour in COLOURS for speed in SPEEDS}


@dataclass(frozen=True)
class Wave(RealClip):
    """A clip: where the wave begins follows from the source."""

    name: str
    source: str
    prompt: str
    seed: int
    size: ClipSize

    def frames(self) -> npt.NDArray[np.uint8]:
        size = self.size
        clip = np.zeros((size.num_frames, size.height, size.width, 3), np.uint8)
        colour, speed = CAPTIONS[self.prompt]
        place = np.arange(size.width)[None] - SPEEDS[speed] * np.arange(size.num_frames)[:, None] + self.seed
        level = 127.5 + 127 * np.sin(2 * np.pi * place / size.width)
        clip[..., COLOURS[colour]] = level[:, None].astype(np.uint8)
        return clip


class Waves(Dataset):
    """Waves of light in three colours."""

    @property
    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name="waves/light",
            version=1,
            license="Apache-2.0",
            summary="waves of light in three colours",
            vocabulary="closed",
            gives=frozenset({Gives.CAPTIONS, Gives.REAL, Gives.REFERENCE}),
            content="waves@1",
        )

    def prompts(self, draw: Draw) -> list[Prompt]:
        if draw.split is not None:
            raise DatasetError(f"waves/light has no split {draw.split!r}")
        unknown = set(draw.tags) - {tag for tags in CAPTIONS.values() for tag in tags}
        if unknown:
            raise DatasetError(f"waves/light has no tag {min(unknown)!r}")
        chosen = [text for text, tags in CAPTIONS.items() if not draw.tags or set(tags) & set(draw.tags)]
        np.random.default_rng(draw.seed).shuffle(chosen)  # a longer draw begins with a shorter one
        return [replace(prompt, tags=CAPTIONS[prompt.text]) for prompt in with_ids(chosen[: draw.count])]

    def check(self, prompt: str) -> None:
        if not self.has(prompt):
            raise PromptError(f"prompt outside vocabulary: {prompt!r} is no wave of light")

    def has(self, prompt: str) -> bool:
        return prompt in CAPTIONS

    def real(self, prompt: str | None, seed: int, size: ClipSize) -> RealClip:
        text = prompt or list(CAPTIONS)[seed % len(CAPTIONS)]
        self.check(text)
        return Wave(f"real-{seed}", f"wave {2 * seed}", text, 2 * seed, size)

    def reference(self, draw: Draw, size: ClipSize) -> Sequence[RealClip]:
        texts = list(CAPTIONS)
        seeds = range(1, 2 * (draw.count or 8), 2)
        return [Wave(f"reference-{s}", f"wave {s}", texts[s // 2 % len(texts)], s, size) for s in seeds]
