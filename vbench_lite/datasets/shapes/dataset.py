"""The shapes world as a data set: captions by a balanced draw, clips drawn where they are asked for.

Reference clips are drawn as prompts are, from a seed of their own. Their clips' seeds lie at 2**31 and above,
where no sample of a run has one, so they never are the clips of the `real` control.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vbench_lite.clip import Frames
from vbench_lite.dataset import ClipSize, Dataset, DatasetInfo, Draw, Gives, Prompt, RealClip, with_ids
from vbench_lite.datasets.shapes import drawing, scenes
from vbench_lite.errors import DatasetError, PromptError, RequestError
from vbench_lite.size_rules import SizeRule

LEAST_REFERENCE_SEED = 2**31
SPLITS = ("seen", "held_out", "all", "both")
SIZES = SizeRule(multiple=8, minimum=16)
_VERSION = 1


class Shapes(Dataset):
    """Procedural: one coloured shape moves at constant velocity; every attribute is known."""

    @property
    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name="shapes",
            version=_VERSION,
            licence="Apache-2.0",
            summary="procedural: one coloured shape moves at constant velocity; every attribute is known",
            vocabulary="closed",
            gives=frozenset(Gives),
            content=f"shapes@{_VERSION}",  # made, not stored: the version stands for it
            splits=SPLITS,
            native_fps=scenes.FPS,
            size=SIZES,
        )

    def prompts(self, draw: Draw) -> list[Prompt]:
        found = self._scenes(draw)
        return with_edits(found) if draw.edits else _tagged(found)

    def check(self, prompt: str) -> None:
        scenes.parse_caption(prompt)

    def has(self, prompt: str) -> bool:
        try:
            scenes.parse_caption(prompt)
        except PromptError:
            return False
        return True

    def real(self, prompt: str | None, seed: int, size: ClipSize) -> RealClip:
        """As `Dataset.real`; a longer clip of one prompt, seed and size begins with the shorter one."""
        _check(size)
        every = scenes.all_scenes()
        scene = every[seed % len(every)] if prompt is None else scenes.parse_caption(prompt)
        return _clip(f"real-{seed}", scene, scenes.HELD_OUT_STREAM + seed, size)

    def reference(self, draw: Draw, size: ClipSize) -> Sequence[RealClip]:
        _check(size)
        return [
            _clip(f"reference-{index:05d}", scene, reference_seed(draw.seed, index), size)
            for index, scene in enumerate(self._scenes(draw))
        ]

    def facts(self) -> Mapping[str, Any]:
        """All that is needed to render or judge it independently."""
        base = f"{scenes.BASE_SIZE}x{scenes.BASE_SIZE}"
        return {
            "caption": "a {colour} {shape} moves {direction} {speed}",
            "vocabulary": {
                "colour": list(scenes.COLOURS),
                "shape": list(scenes.SHAPES),
                "direction": list(scenes.DIRECTIONS),
                "speed": list(scenes.SPEEDS),
            },
            "palette": {name: list(rgb) for name, rgb in scenes.COLOURS.items()},
            "background": [0, 0, 0],
            "directions": {name: list(unit) for name, unit in scenes.DIRECTIONS.items()},
            "speeds": dict(scenes.SPEEDS),
            "velocities": {
                direction: {speed: [x * length, y * length] for speed, length in scenes.SPEEDS.items()}
                for direction, (x, y) in scenes.DIRECTIONS.items()
            },
            "units": {
                "directions": "unit vectors (x, y), y grows downwards",
                "speeds": f"pixels per frame at {base}",
                "velocities": f"(x, y) pixels per frame at {base}",
            },
            "base_size": scenes.BASE_SIZE,
            "radius": scenes.RADIUS,
            "fps": scenes.FPS,
            "default_frames": scenes.DEFAULT_FRAMES,
            "held_out": sorted([colour, shape] for colour, shape in scenes.HELD_OUT),
        }

    def _scenes(self, draw: Draw) -> list[scenes.Scene]:
        split = draw.split or SPLITS[0]
        if split not in SPLITS:
            raise DatasetError(f"shapes has no split {split!r}; there are: {', '.join(SPLITS)}")
        if not draw.tags:
            count = draw.count if draw.count is not None else len(scenes.all_scenes())
            return scenes.sample_scenes(count, draw.seed, split)
        every = scenes.sample_scenes(len(scenes.all_scenes()), draw.seed, split)
        wanted = set(draw.tags)
        kept = [s for s in every if wanted & {s.colour, s.shape, s.direction, s.speed}]
        if not kept:
            raise DatasetError(f"shapes has no caption with the tag {' or '.join(draw.tags)}")
        return kept[: draw.count]


@dataclass(frozen=True)
class DrawnClip(RealClip):
    """A clip that is drawn where it is used, and in memory only as long as that."""

    name: str
    source: str
    prompt: str
    seed: int
    size: ClipSize

    def frames(self) -> Frames:
        scene, size = scenes.parse_caption(self.prompt), self.size
        return drawing.real_clip(scene, self.seed, size.num_frames, size.height, size.width)


def _clip(name: str, scene: scenes.Scene, seed: int, size: ClipSize) -> DrawnClip:
    """Each seed is a recording of its own."""
    return DrawnClip(name, f"seed {seed}", scene.caption, seed, size)


def with_edits(found: Sequence[scenes.Scene]) -> list[Prompt]:
    """Each caption, then the four that differ from it in one word: see `scenes.edits`."""
    prompts: list[Prompt] = []
    for base, scene in zip(_tagged(found), found, strict=True):
        edits = scenes.edits(scene).items()
        prompts += [base, *(replace(base, text=other.caption, edit=word) for word, other in edits)]
    return prompts


def _tagged(found: Sequence[scenes.Scene]) -> list[Prompt]:
    return [
        replace(prompt, tags=(scene.colour, scene.shape, scene.direction, scene.speed))
        for prompt, scene in zip(with_ids([scene.caption for scene in found]), found, strict=True)
    ]


def reference_seed(seed: int, index: int) -> int:
    """The seed of one reference clip, in [2**31, 2**32)."""
    digest = hashlib.sha256(f"reference|{seed}|{index}".encode()).digest()
    return LEAST_REFERENCE_SEED | int.from_bytes(digest[:4])


def _check(size: ClipSize) -> None:
    if SIZES.snap(size.height, size.width) != (size.height, size.width):
        raise RequestError(
            "the shapes world needs sizes that are multiples of 8 (at least 16), got "
            f"{size.width}x{size.height}"
        )
