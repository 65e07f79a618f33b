"""Control clips: signals of a clip that another clip is to follow, as far as they need no network.

| kind | signal |
|---|---|
| edges | Canny edges of grey, thresholds 100 and 200, white on black: what edge ControlNets are trained on |
| blur | Gaussian blur, sigma a sixteenth of the shorter side: colours and layout without detail |
| mask | the clip with its middle, half of each side, made grey: the hole is painted anew, the rest kept |

Depth and poses need networks: a data set gives such clips itself, and nothing here reads them from a result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from vbench_lite.clip import Frames

BLUR_SHARE = 16  # the shorter side is so many sigmas of the blur
CANNY = (100, 200)
HOLE_LEVEL = 127


def control_signal(kind: str, frames: Frames) -> Frames:
    """The signal of a kind in DERIVED, frame by frame: uint8 (T, H, W, 3), as the frames are."""
    return np.stack([_SIGNALS[kind](frame) for frame in frames])


def hole(height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns that the kind `mask` leaves to be painted."""
    return slice(height // 4, height - height // 4), slice(width // 4, width - width // 4)


def _edges(frame: Frames) -> Frames:
    found = cv2.Canny(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), *CANNY)
    return np.repeat(np.asarray(found, np.uint8)[..., None], 3, axis=2)


def _blur(frame: Frames) -> Frames:
    sigma = min(frame.shape[:2]) / BLUR_SHARE
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma), np.uint8)


def _mask(frame: Frames) -> Frames:
    masked = frame.copy()
    masked[hole(*frame.shape[:2])] = HOLE_LEVEL
    return masked


_SIGNALS: Mapping[str, Callable[[Frames], Frames]] = {"edges": _edges, "blur": _blur, "mask": _mask}
DERIVED = tuple(_SIGNALS)
