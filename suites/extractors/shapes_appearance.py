"""Sixteen plain statistics of how a clip of the shapes world looks and changes.

A network that names shapes learns to look past noise, blur and stutter; these numbers do not. They are
levels (0 to 255) or shares, so they grow with what a viewer sees. `standardise` puts them on the scale of
real clips and flattens what is far outside it, so that no single number can drown the others.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vbench_lite.arrays import Floats32
from vbench_lite.datasets import shapes

NAMES = (
    "fine_detail",  # mean absolute Laplacian
    "fine_energy",  # root mean square of it
    "slope",  # mean absolute difference of neighbouring pixels
    "coarse_detail",  # mean absolute Laplacian at half the size
    "half_tones",  # share of pixels neither dark nor bright: soft outlines
    "brightness",  # mean level of the brightest channel
    "highlights",  # its 98th percentile
    "background",  # mean level of the darker half of the pixels
    "off_palette",  # angle between bright pixels and the nearest colour of the world, degrees
    "pulse",  # deviation of brightness over time
    "change",  # mean absolute difference of neighbouring frames
    "change_over_two",  # the same over two frames
    "jerk",  # mean absolute second difference over time
    "least_change",  # of any two neighbouring frames
    "most_change",
    "uneven_change",  # deviation of the change over time
)

# Real clips hardly differ in some of them; below these a deviation is nothing that one could see.
LEAST_DEVIATION = np.array([0.01 if name == "half_tones" else 1.0 for name in NAMES], np.float32)


def appearance(windows: npt.NDArray[np.uint8]) -> Floats32:
    """Return the statistics, float32 (B, 16), of windows, uint8 (B, T, H, W, 3) with T at least 3."""
    return np.stack([_one(window.astype(np.float32)) for window in windows])


def standardise(values: Floats32, mean: Floats32, deviation: Floats32) -> Floats32:
    """Standardise by real clips, then asinh: as it is near 0, logarithmic far away."""
    scaled: Floats32 = np.arcsinh((values - mean) / np.maximum(deviation, LEAST_DEVIATION))
    return scaled


def _one(frames: Floats32) -> Floats32:
    light = frames.max(axis=-1)
    laplacian, coarse = _laplacian(light), _laplacian(_halve(light))
    slope = np.abs(np.diff(light, axis=1)).mean() + np.abs(np.diff(light, axis=2)).mean()
    tone = light / 255
    change = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))
    jerk = np.abs(np.diff(frames, n=2, axis=0)).mean()
    ordered = np.sort(light.reshape(len(light), -1), axis=1)
    return np.array(
        [
            np.abs(laplacian).mean(),
            np.sqrt((laplacian**2).mean()),
            slope,
            np.abs(coarse).mean(),
            (4 * tone * (1 - tone)).mean(),
            light.mean(),
            np.percentile(light, 98),
            ordered[:, : ordered.shape[1] // 2].mean(),
            _off_palette(frames, light),
            light.mean(axis=(1, 2)).std(),
            change.mean(),
            np.abs(frames[2:] - frames[:-2]).mean(),
            jerk,
            change.min(),
            change.max(),
            change.std(),
        ],
        np.float32,
    )


def _laplacian(light: Floats32) -> Floats32:
    """Four-neighbour Laplacian of images (T, H, W), without the border."""
    middle: Floats32 = light[:, 1:-1, 1:-1]
    around = light[:, :-2, 1:-1] + light[:, 2:, 1:-1] + light[:, 1:-1, :-2] + light[:, 1:-1, 2:]
    return around - 4 * middle


def _halve(light: Floats32) -> Floats32:
    """Means of two by two pixels."""
    count, height, width = light.shape
    halved: Floats32 = light.reshape(count, height // 2, 2, width // 2, 2).mean(axis=(2, 4))
    return halved


def _off_palette(frames: Floats32, light: Floats32) -> float:
    """Angle to the nearest palette colour in degrees, mean over pixels weighted by squared level."""
    palette = np.array(list(shapes.COLOURS.values()), np.float32)
    unit = palette / np.linalg.norm(palette, axis=1, keepdims=True)
    bright = light > 32
    if not bright.any():
        return 0.0
    pixels = frames[bright]
    cosine = (pixels @ unit.T).max(axis=1) / np.linalg.norm(pixels, axis=1)
    angle = np.degrees(np.arccos(np.minimum(cosine, 1.0)))
    return float(np.average(angle, weights=light[bright] ** 2))
