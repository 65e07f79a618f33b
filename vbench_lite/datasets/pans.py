"""An open world that can be steered exactly: a camera that pans over a still picture.

The picture is a frame of a real clip, with room around the first view. A and left move the camera left, D and
right to the right, up and down as they say, by a 32nd of the short side a frame; opposite keys undo each
other. The room ends the movement, eight frames away in each direction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vbench_lite.arrays import Ints
from vbench_lite.clip import Frames
from vbench_lite.control import Action, Script
from vbench_lite.dataset import ClipSize, RealClip
from vbench_lite.datasets.windows import Recording, cut
from vbench_lite.errors import RequestError

PAN_KEYS = {"A": (-1, 0), "left": (-1, 0), "D": (1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
ROOM = 8  # frames of movement from the first view to the edge of the picture
_PART = 32  # of the short side that the camera moves by in a frame


def direction_panned(action: Action) -> tuple[float, float]:
    """Unit (x, y) in which the keys move the camera, y growing downwards; (0, 0) where they do not."""
    way = np.sign(sum((np.array(PAN_KEYS[key]) for key in action.keys if key in PAN_KEYS), np.zeros(2)))
    length = float(np.linalg.norm(way))
    return (float(way[0]) / length, float(way[1]) / length) if length else (0.0, 0.0)


@dataclass(frozen=True)
class Pan(RealClip):
    """What the camera sees of a still picture; without a script it rests."""

    name: str
    source: str
    prompt: str | None
    seed: int | None
    still: RealClip
    script: Script | None
    size: ClipSize

    def frames(self) -> Frames:
        picture, step = self.still.frames()[0], _step(self.size)
        height, width = self.size.height, self.size.width
        seen = [
            picture[top : top + height, left : left + width]
            for left, top in _path(self.script, self.size.num_frames) * step
        ]
        return np.stack(seen)


def pan(recording: Recording, script: Script | None, seed: int, size: ClipSize) -> Pan:
    """A camera over the first frame of one of a recording's windows.

    Raises:
        RequestError: the script holds what a camera over a picture does not know, or the recording is too
            small for the view and the room around it. ClipError: its file cannot be read.
    """
    if script is not None and (unknown := sorted(script.kinds - PAN_KEYS.keys())):
        raise RequestError(
            f"a still picture is panned over with {' '.join(PAN_KEYS)}; it does not know {', '.join(unknown)}"
        )
    around = 2 * ROOM * _step(size)
    wide = replace(size, num_frames=1, height=size.height + around, width=size.width + around)
    windows = cut(recording, wide)
    still = windows[seed % len(windows)]
    return Pan(f"{still.name}, panned", still.source, still.prompt, seed, still, script, size)


def _step(size: ClipSize) -> int:
    return max(1, min(size.height, size.width) // _PART)


def _path(script: Script | None, num_frames: int) -> Ints:
    """Left and top of the view in each frame, in steps, int64 (T, 2)."""
    places = np.full((num_frames, 2), ROOM)
    for span in () if script is None else script.spans(num_frames):
        way = np.sign(direction_panned(span.action)).astype(np.int64)
        for frame in range(max(span.start, 1), span.stop):
            places[frame] = np.clip(places[frame - 1] + way, 0, 2 * ROOM)
    return places
