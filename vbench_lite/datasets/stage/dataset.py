"""The stage world as a data set: captions by a draw, clips drawn where they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vbench_lite.clip import Frames
from vbench_lite.dataset import ClipSize
from vbench_lite.datasets.drawn import DrawnDataset
from vbench_lite.datasets.stage import motion, render, words
from vbench_lite.datasets.stage.words import Scene
from vbench_lite.size_rules import SizeRule

LOOK_FOR = {
    "passes": "does the first object stay in front, and is the second the same when it comes out?",
    "leaves": "does the first object leave the frame, and is it the same when it comes back?",
    "turns": "does the first object turn, and to either side over several clips?",
}


class Stage(DrawnDataset[Scene]):
    """Procedural: two objects over a texture; one passes, leaves and returns, or turns by chance."""

    name = "stage"
    version = 1
    summary = "procedural: two objects over a panning texture, with occlusion, return and chance"
    native_fps = render.FPS
    sizes = SizeRule(fixed=(motion.SIZE, motion.SIZE))
    sizes_said = f"has frames of {motion.SIZE}x{motion.SIZE} pixels"
    held_out_stream = render.HELD_OUT_STREAM
    captions = 576
    parse = staticmethod(words.parse_caption)
    sample = staticmethod(words.sample_scenes)
    edits = staticmethod(words.edits)

    @staticmethod
    def any_scene(seed: int) -> Scene:
        return words.sample_scenes(1, seed, "all")[0]

    @staticmethod
    def tags(scene: Scene) -> tuple[str, ...]:
        """The event, the background, whether it pans, whether training had it."""
        known = "held-out" if scene.held_out else "seen"
        return scene.event, scene.texture, "still" if scene.pan == "still" else "panning", known

    @staticmethod
    def look_for(scene: Scene) -> str:
        return LOOK_FOR[scene.event]

    @staticmethod
    def draw(caption: str, seed: int, size: ClipSize) -> Frames:
        return render.real_clip(words.parse_caption(caption), seed, size.num_frames)

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
