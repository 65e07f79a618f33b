"""The stage world as a data set: captions by a draw, clips drawn where they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vbench_lite.clip import Frames
from vbench_lite.dataset import ClipSize, Dataset, DatasetInfo, Draw, Gives, Prompt, RealClip, with_ids
from vbench_lite.datasets.shapes.dataset import SPLITS, reference_seed
from vbench_lite.datasets.stage import motion, render, words
from vbench_lite.errors import DatasetError, PromptError, RequestError
from vbench_lite.size_rules import SizeRule

SIZES = SizeRule(fixed=(motion.SIZE, motion.SIZE))
LOOK_FOR = {
    "passes": "does the first object stay in front, and is the second the same when it comes out?",
    "leaves": "does the first object leave the frame, and is it the same when it comes back?",
    "turns": "does the first object turn, and to either side over several clips?",
}
_DEFAULT_COUNT = 576
_VERSION = 1


class Stage(Dataset):
    """Procedural: two objects over a texture; one passes, leaves and returns, or turns by chance."""

    @property
    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name="stage",
            version=_VERSION,
            licence="Apache-2.0",
            summary="procedural: two objects over a panning texture, with occlusion, return and chance",
            vocabulary="closed",
            gives=frozenset(Gives),
            content=f"stage@{_VERSION}",  # made, not stored: the version stands for it
            splits=SPLITS,
            native_fps=render.FPS,
            size=SIZES,
        )

    def prompts(self, draw: Draw) -> list[Prompt]:
        found = _scenes(draw)
        tagged = [
            replace(prompt, tags=_tags(scene), look_for=LOOK_FOR[scene.event])
            for prompt, scene in zip(with_ids([scene.caption for scene in found]), found, strict=True)
        ]
        if not draw.edits:
            return tagged
        prompts: list[Prompt] = []
        for base, scene in zip(tagged, found, strict=True):
            changed = words.edits(scene).items()
            prompts += [base, *(replace(base, text=other.caption, edit=word) for word, other in changed)]
        return prompts

    def check(self, prompt: str) -> None:
        words.parse_caption(prompt)

    def has(self, prompt: str) -> bool:
        try:
            words.parse_caption(prompt)
        except PromptError:
            return False
        return True

    def real(self, prompt: str | None, seed: int, size: ClipSize) -> RealClip:
        """As `Dataset.real`; a longer clip of one prompt, seed and size begins with the shorter one."""
        _check(size)
        scene = words.sample_scenes(1, seed, "all")[0] if prompt is None else words.parse_caption(prompt)
        return _clip(f"real-{seed}", scene, render.HELD_OUT_STREAM + seed, size)

    def reference(self, draw: Draw, size: ClipSize) -> Sequence[RealClip]:
        _check(size)
        return [
            _clip(f"reference-{index:05d}", scene, reference_seed(draw.seed, index), size)
            for index, scene in enumerate(_scenes(draw))
        ]

    def facts(self) -> Mapping[str, Any]:
        """All that is needed to render or judge it independently."""
        return {
            "caption": words.GRAMMAR,
            "vocabulary": {name: list(row) for name, row in words.attributes().items()},
            "events": dict(words.EVENTS),
            "palette": {name: list(rgb) for name, rgb in words.COLORS.items()},
            "warm": list(words.WARM),
            "cool": list(words.COOL),
            "tints": {name: [list(tone) for tone in tones] for name, tones in words.TINTS.items()},
            "directions": {name: list(unit) for name, unit in words.DIRECTIONS.items()},
            "speeds": dict(words.SPEEDS),
            "pans": dict(words.PANS),
            "units": {"directions": "unit vectors (x, y), y grows downwards", "speeds": "pixels per frame"},
            "size": motion.SIZE,
            "radius": motion.RADIUS,
            "turn_frame": motion.TURN_FRAME,
            "fps": render.FPS,
            "default_frames": render.DEFAULT_FRAMES,
            "held_out_looks": sorted(map(list, words.HELD_OUT_LOOKS)),
            "held_out_passes": sorted(map(list, words.HELD_OUT_PASSES)),
        }


@dataclass(frozen=True)
class DrawnClip(RealClip):
    """A clip that is drawn where it is used, and in memory only as long as that."""

    name: str
    source: str
    prompt: str
    seed: int
    num_frames: int

    def frames(self) -> Frames:
        return render.real_clip(words.parse_caption(self.prompt), self.seed, self.num_frames)


def _clip(name: str, scene: words.Scene, seed: int, size: ClipSize) -> DrawnClip:
    """Each seed is a recording of its own."""
    return DrawnClip(name, f"seed {seed}", scene.caption, seed, size.num_frames)


def _scenes(draw: Draw) -> list[words.Scene]:
    split = draw.split or SPLITS[0]
    if split not in SPLITS:
        raise DatasetError(f"stage has no split {split!r}; there are: {', '.join(SPLITS)}")
    count = draw.count if draw.count is not None else _DEFAULT_COUNT
    if not draw.tags:
        return words.sample_scenes(count, draw.seed, split)
    wanted = set(draw.tags)
    kept = [s for s in words.sample_scenes(_DEFAULT_COUNT, draw.seed, split) if wanted & set(_tags(s))]
    if not kept:
        raise DatasetError(f"stage has no caption with the tag {' or '.join(draw.tags)}")
    return kept[: draw.count]


def _tags(scene: words.Scene) -> tuple[str, ...]:
    """What tables can be cut by: the event, the background, whether it pans, whether training had it."""
    known = "held-out" if scene.held_out else "seen"
    return scene.event, scene.texture, "still" if scene.pan == "still" else "panning", known


def _check(size: ClipSize) -> None:
    if SIZES.snap(size.height, size.width) != (size.height, size.width):
        raise RequestError(
            f"the stage world has frames of {motion.SIZE}x{motion.SIZE} pixels, "
            f"got {size.width}x{size.height}"
        )
