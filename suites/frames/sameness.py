"""When two frames show the same picture: no block of them differs by more than a level."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from vbench_lite.metric import Frames

WORKING_SIDE = 64  # pixels; larger frames are reduced by area, so that sixteen of them are cheap to keep
BLOCK = 8  # pixels; differences are averaged over blocks: codec noise stays small, a small motion does not
SAME_LEVELS = 1.0  # two frames are the same if the mean absolute difference of no block is larger

Images = npt.NDArray[np.float32]  # (H, W, 3) in levels


def reduce(frame: Frames) -> Images:
    """Float copy of a frame, uint8 (H, W, 3), with a short side of at most WORKING_SIDE."""
    height, width = frame.shape[:2]
    ratio = WORKING_SIDE / min(height, width)
    image = frame.astype(np.float32)
    if ratio >= 1:
        return image
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)


def blocks(image: Images) -> Images:
    """Mean of every block and channel; blocks stretch to fit the frame."""
    height, width = image.shape[:2]
    size = (max(1, width // BLOCK), max(1, height // BLOCK))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)


def distance(first: Images, second: Images) -> float:
    """Mean absolute difference of the block that differs most, in levels, of two reduced frames."""
    return float(blocks(np.abs(first - second)).max())


def same(first: Images, second: Images) -> bool:
    """Whether two reduced frames show the same picture."""
    return distance(first, second) <= SAME_LEVELS
