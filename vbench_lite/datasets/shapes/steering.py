"""The shapes world steered: the shape moves while keys are held, and rests while none is.

W A S D move it up, left, down and right, two of them diagonally, at the speed of its caption; opposite keys
undo each other. A border stops it. The first frame shows it near the middle; the action of each later frame
moves it from the frame before. Its caption's direction means nothing while somebody steers.
"""

from __future__ import annotations

import math

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.clip import Frames
from vbench_lite.control import Action, Script
from vbench_lite.dataset import ClipSize
from vbench_lite.datasets.shapes import drawing, scenes
from vbench_lite.errors import RequestError

STEERING_KEYS = {"W": (0, -1), "A": (-1, 0), "S": (0, 1), "D": (1, 0)}
START_REACH = 2.0  # pixels at 32x32 by which the first frame may lie off the middle, in each direction
_START_STREAM = 0x57EE2


def direction_held(action: Action) -> tuple[float, float]:
    """Unit (x, y) in which the keys move a shape, y growing downwards; (0, 0) where they do not."""
    x, y = (sum(STEERING_KEYS[key][i] for key in action.keys if key in STEERING_KEYS) for i in range(2))
    length = math.hypot(x, y)
    return (x / length, y / length) if length else (0.0, 0.0)


def steered_caption(caption: str, action: Action) -> str:
    """The caption that says what is held; its own direction where nothing is, since none says "rests".

    Raises:
        PromptError: the caption, or the action's text, lies outside the vocabulary.
    """
    scene = scenes.parse_caption(caption if action.prompt is None else action.prompt)
    held = direction_held(action)
    if held == (0.0, 0.0):
        return scene.caption
    direction = next(name for name, unit in scenes.DIRECTIONS.items() if math.dist(unit, held) < 0.1)
    return scenes.Scene(scene.colour, scene.shape, direction, scene.speed).caption


def first_centre(scene: scenes.Scene, seed: int, height: int, width: int) -> tuple[float, float]:
    """The centre (x, y) in the first frame, in pixels: whole pixels at 32x32 around the middle."""
    rng = np.random.default_rng([seed, _START_STREAM])
    ratio = drawing.scale(height, width)
    offsets = rng.integers(-int(START_REACH), int(START_REACH) + 1, 2) * ratio
    return width / 2 + float(offsets[0]), height / 2 + float(offsets[1])


def steered_path(
    scene: scenes.Scene, start: tuple[float, float], script: Script, num_frames: int, height: int, width: int
) -> Floats:
    """The centre in every frame, float64 (T, 2) as (x, y) in pixels."""
    ratio = drawing.scale(height, width)
    low = scenes.RADIUS * ratio
    high = np.array([width, height]) - low
    step = scenes.SPEEDS[scene.speed] * ratio
    centres = np.empty((num_frames, 2))
    for span in script.spans(num_frames):
        velocity = np.array(direction_held(span.action)) * step
        for frame in range(span.start, span.stop):
            centres[frame] = np.clip(centres[frame - 1] + velocity, low, high) if frame else start
    return centres


def check_script(caption: str, script: Script | None) -> None:
    """Raise RequestError where a script holds what the world does not know, PromptError for no caption."""
    scenes.parse_caption(caption)
    if script is not None and (unknown := sorted(script.kinds - STEERING_KEYS.keys())):
        raise RequestError(f"the shapes world is steered with W A S D; it does not know {', '.join(unknown)}")


def steered_clip(caption: str, seed: int, size: ClipSize, script: Script | None) -> Frames:
    """What really follows, uint8 (T, H, W, 3); without a script the shape moves as its caption says."""
    scene = scenes.parse_caption(caption)
    start = first_centre(scene, seed, size.height, size.width)
    if script is None:
        return drawing.render(scene, start, size.num_frames, size.height, size.width)
    centres = steered_path(scene, start, script, size.num_frames, size.height, size.width)
    return drawing.render_centres(scene, centres, size.height, size.width)
