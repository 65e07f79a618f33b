"""Data sets that are drawn where they are asked for: what the procedural worlds share.

A world gives its captions, how they are read and sampled, and how a clip is drawn from a caption and a seed.
Reference clips are drawn as prompts are, from a seed of their own. Their clips' seeds lie at 2**31 and above,
where no sample of a run has one, so they never are the clips of the `real` control.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, Generic, Protocol, TypeVar

from vbench_lite.clip import Frames
from vbench_lite.dataset import ClipSize, Dataset, DatasetInfo, Draw, Gives, Prompt, RealClip, with_ids
from vbench_lite.errors import DatasetError, PromptError, RequestError
from vbench_lite.size_rules import SizeRule

LEAST_REFERENCE_SEED = 2**31
SPLITS = ("seen", "held_out", "all", "both")


class Captioned(Protocol):
    """What a caption stands for in a world."""

    @property
    def caption(self) -> str: ...


Scene = TypeVar("Scene", bound=Captioned)


@dataclass(frozen=True)
class DrawnClip(RealClip):
    """A clip that is drawn where it is used, and in memory only as long as that.

    draw: a function of a module, as it goes to other processes by name.
    """

    name: str
    source: str
    prompt: str
    seed: int
    size: ClipSize
    draw: Callable[[str, int, ClipSize], Frames]

    def frames(self) -> Frames:
        return self.draw(self.prompt, self.seed, self.size)


class DrawnDataset(Dataset, Generic[Scene]):
    """A procedural world with a closed vocabulary; each seed is a recording of its own.

    Attributes:
        name, version, summary, native_fps: as `DatasetInfo` has them.
        sizes: of its frames; sizes_said: the same in words, as in "the shapes world needs ...".
        held_out_stream: added to the seeds of held-out clips, so that no training clip has one of theirs.
        captions: how many a draw without a count has.
        given: what it can give.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    summary: ClassVar[str]
    native_fps: ClassVar[float]
    sizes: ClassVar[SizeRule]
    sizes_said: ClassVar[str]
    held_out_stream: ClassVar[int]
    captions: ClassVar[int]
    given: ClassVar[frozenset[Gives]] = frozenset(Gives) - {Gives.STEERED}

    @staticmethod
    @abstractmethod
    def parse(caption: str) -> Scene:
        """The scene of a caption; raises PromptError where it is none."""

    @staticmethod
    @abstractmethod
    def sample(count: int, seed: int, split: str) -> list[Scene]:
        """Scenes of a split; the first N are the same for any count >= N."""

    @staticmethod
    @abstractmethod
    def any_scene(seed: int) -> Scene:
        """The scene of a held-out clip of anything."""

    @staticmethod
    @abstractmethod
    def tags(scene: Scene) -> tuple[str, ...]:
        """What tables can be cut by."""

    @staticmethod
    @abstractmethod
    def edits(scene: Scene) -> Mapping[str, Scene]:
        """Scenes that differ in one word, by that word."""

    @staticmethod
    @abstractmethod
    def draw(caption: str, seed: int, size: ClipSize) -> Frames:
        """The clip of a caption and a seed, uint8 (T, H, W, 3)."""

    @staticmethod
    def look_for(scene: Scene) -> str:
        """What a viewer should look for; empty where nothing is said."""
        return ""

    @property
    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            version=self.version,
            license="Apache-2.0",
            summary=self.summary,
            vocabulary="closed",
            gives=self.given,
            content=f"{self.name}@{self.version}",  # made, not stored: the version stands for it
            splits=SPLITS,
            native_fps=self.native_fps,
            size=self.sizes,
        )

    def prompts(self, draw: Draw) -> list[Prompt]:
        return self.prompts_of(self._scenes(draw), edits=draw.edits)

    def prompts_of(self, scenes: Sequence[Scene], *, edits: bool = False) -> list[Prompt]:
        """Prompts of scenes in their order; with `edits`, those that differ in one word behind each."""
        prompts: list[Prompt] = []
        for base, scene in zip(with_ids([scene.caption for scene in scenes]), scenes, strict=True):
            prompt = replace(base, tags=self.tags(scene), look_for=self.look_for(scene))
            prompts.append(prompt)
            if edits:
                changed = self.edits(scene).items()
                prompts += [replace(prompt, text=other.caption, edit=word) for word, other in changed]
        return prompts

    def check(self, prompt: str) -> None:
        self.parse(prompt)

    def has(self, prompt: str) -> bool:
        try:
            self.parse(prompt)
        except PromptError:
            return False
        return True

    def real(self, prompt: str | None, seed: int, size: ClipSize) -> RealClip:
        """As `Dataset.real`; a longer clip of one prompt, seed and size begins with the shorter one."""
        self._check(size)
        scene = self.any_scene(seed) if prompt is None else self.parse(prompt)
        return self._clip(f"real-{seed}", scene, self.held_out_stream + seed, size)

    def reference(self, draw: Draw, size: ClipSize) -> Sequence[RealClip]:
        self._check(size)
        return [
            self._clip(f"reference-{index:05d}", scene, _reference_seed(draw.seed, index), size)
            for index, scene in enumerate(self._scenes(draw))
        ]

    def _scenes(self, draw: Draw) -> list[Scene]:
        split = draw.split or SPLITS[0]
        if split not in SPLITS:
            raise DatasetError(f"{self.name} has no split {split!r}; there are: {', '.join(SPLITS)}")
        if not draw.tags:
            return self.sample(self.captions if draw.count is None else draw.count, draw.seed, split)
        wanted = set(draw.tags)
        kept = [s for s in self.sample(self.captions, draw.seed, split) if wanted & set(self.tags(s))]
        if not kept:
            raise DatasetError(f"{self.name} has no caption with the tag {' or '.join(draw.tags)}")
        return kept[: draw.count]

    def _clip(self, name: str, scene: Scene, seed: int, size: ClipSize) -> DrawnClip:
        return DrawnClip(name, f"seed {seed}", scene.caption, seed, size, self.draw)

    def _check(self, size: ClipSize) -> None:
        if not _is_made(self.sizes, size.height, size.width):
            raise RequestError(f"the {self.name} world {self.sizes_said}, got {size.width}x{size.height}")


@lru_cache(maxsize=64)  # asked for each clip of a plan, of which there may be hundreds of thousands
def _is_made(rule: SizeRule, height: int, width: int) -> bool:
    return rule.snap(height, width) == (height, width)


def _reference_seed(seed: int, index: int) -> int:
    """The seed of one reference clip, in [2**31, 2**32)."""
    digest = hashlib.sha256(f"reference|{seed}|{index}".encode()).digest()
    return LEAST_REFERENCE_SEED | int.from_bytes(digest[:4])
