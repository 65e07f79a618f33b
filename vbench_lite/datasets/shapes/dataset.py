"""The shapes world as a data set: captions by a balanced draw, clips drawn where they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from vbench_lite.clip import Frames
from vbench_lite.control import Action, Script
from vbench_lite.dataset import ClipSize, Gives, RealClip
from vbench_lite.datasets.drawn import DrawnClip, DrawnDataset
from vbench_lite.datasets.shapes import drawing, scenes, steering
from vbench_lite.datasets.shapes.scenes import Scene
from vbench_lite.size_rules import SizeRule


class Shapes(DrawnDataset[Scene]):
    """Procedural: one coloured shape moves at constant velocity; every attribute is known."""

    name = "shapes"
    version = 1
    summary = "procedural: one coloured shape moves at constant velocity; every attribute is known"
    native_fps = scenes.FPS
    sizes = SizeRule(multiple=8, minimum=16)
    sizes_said = "needs sizes that are multiples of 8 (at least 16)"
    held_out_stream = scenes.HELD_OUT_STREAM
    captions = len(scenes.all_scenes())
    given = frozenset(Gives)
    parse = staticmethod(scenes.parse_caption)
    sample = staticmethod(scenes.sample_scenes)
    edits = staticmethod(scenes.edits)

    @staticmethod
    def any_scene(seed: int) -> Scene:
        every = scenes.all_scenes()
        return every[seed % len(every)]

    @staticmethod
    def tags(scene: Scene) -> tuple[str, ...]:
        return scene.colour, scene.shape, scene.direction, scene.speed

    @staticmethod
    def draw(caption: str, seed: int, size: ClipSize) -> Frames:
        scene = scenes.parse_caption(caption)
        return drawing.real_clip(scene, seed, size.num_frames, size.height, size.width)

    def steered(self, prompt: str, script: Script | None, seed: int, size: ClipSize) -> RealClip:
        """As `Dataset.steered`: W A S D move the shape (`datasets.shapes.steering`)."""
        self._check(size)
        steering.check_script(prompt, script)
        draw = partial(steering.steered_clip, script=script)
        stream = self.held_out_stream + seed
        return DrawnClip(f"steered-{seed}", f"seed {stream}", prompt, stream, size, draw)

    def worded(self, prompt: str, action: Action) -> str:
        return steering.steered_caption(prompt, action)

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
            "steering": {key: list(unit) for key, unit in steering.STEERING_KEYS.items()},
            "held_out": sorted([colour, shape] for colour, shape in scenes.HELD_OUT),
        }
