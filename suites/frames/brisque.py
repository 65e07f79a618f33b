"""BRISQUE: how far the statistics of a frame are from those of natural pictures."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

import cv2
import numpy as np
from scipy.special import gamma

from vbench_lite.arrays import Floats
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, FrameMetric, Frames, MetricInfo, SampleInfo
from vbench_lite.weights import files

KEY = "brisque-live"
LEAST_SIDE = 32
_SIGMA, _KERNEL = 7 / 6, 7
_RBF = 0.05
_SHAPES = np.arange(0.2, 10.001, 0.001)  # of generalised Gaussians, as the authors search them
# Least and largest value of the 36 features over the pictures that the regression was trained on.
_LEAST = np.array(
    [0.336999, 0.019667, 0.23, -0.125959, 0.000167, 0.000616, 0.231, -0.125873, 0.000165, 0.0006,
     0.241, -0.128814, 0.000179, 0.000386, 0.243, -0.13308, 0.000182, 0.000421, 0.436998, 0.016929,
     0.247, -0.200231, 0.000104, 0.000834, 0.257, -0.200017, 0.000112, 0.000876, 0.257, -0.155072,
     0.000112, 0.000356, 0.258, -0.154374, 0.000117, 0.000351]
)  # fmt: skip
_LARGEST = np.array(
    [9.999411, 0.807472, 1.644021, 0.202917, 0.712384, 0.468672, 1.644021, 0.169548, 0.713132,
     0.467896, 1.553016, 0.101368, 0.687324, 0.533087, 1.554016, 0.101, 0.689177, 0.533133,
     3.639918, 0.800955, 1.096995, 0.175286, 0.755547, 0.39927, 1.095995, 0.155928, 0.751488,
     0.402398, 1.041992, 0.093209, 0.623516, 0.532925, 1.042992, 0.093714, 0.621958, 0.534484]
)  # fmt: skip


class Brisque(FrameMetric):
    """Regression from the statistics of locally normalised grey levels to opinion scores of pictures.

    Trained on the LIVE database (JPEG, JPEG 2000, white noise, blur, fast fading); 0 is pristine, 100 is bad.

    Formula: support vector regression on 36 features: shapes and widths of generalised Gaussians fitted to
        grey levels, less their local mean over their local deviation, and to products of neighbours, at two
        scales.
    Preprocessing: grey of the frame as it is, then reduced by two (bicubic), Gaussian window 7x7, sigma 7/6.
    Traps: it knows photographs: drawings, text and plain backgrounds are strange to it. Frames that were
        enlarged or reduced have other statistics: compare equal sizes. Not clipped to 0..100.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        id="frames/brisque",
        axis=Axis.QUALITY,
        bounds=(None, None),
        higher_is_better=False,
        summary="How unlike natural pictures the frames' local statistics are (BRISQUE); 0 is pristine.",
        source="Mittal, Moorthy & Bovik, No-reference image quality assessment in the spatial domain "
        "(IEEE TIP 2012); the authors' model for LIVE",
        weights=(KEY,),
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        super().start(clip, sample)
        if min(clip.height, clip.width) < LEAST_SIDE:
            raise NotApplicable(
                f"frames of {clip.width}x{clip.height}: their statistics need {LEAST_SIDE} pixels a side"
            )
        self._vectors, self._weights, self._offset = _model(files.fingerprint(KEY))

    def frames(self, frames: Frames) -> Floats:
        """uint8 (N, H, W, 3) to float64 (N,)."""
        rows = np.array([features(frame) for frame in frames])
        scaled = -1 + 2 * (rows - _LEAST) / (_LARGEST - _LEAST)
        apart = ((scaled[:, None] - self._vectors[None]) ** 2).sum(axis=2)
        found: Floats = np.exp(-_RBF * apart) @ self._weights - self._offset
        return found


def features(frame: Frames) -> Floats:
    """The 36 features of a frame, uint8 (H, W, 3), float64."""
    grey = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY).astype(np.float64)
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_CUBIC)
    return np.concatenate([_scale_features(grey), _scale_features(np.asarray(half, np.float64))])


def _scale_features(grey: Floats) -> Floats:
    window = (_KERNEL, _KERNEL)
    mean = cv2.GaussianBlur(grey, window, _SIGMA, borderType=cv2.BORDER_REPLICATE)
    square = cv2.GaussianBlur(grey * grey, window, _SIGMA, borderType=cv2.BORDER_REPLICATE)
    normal = (grey - mean) / (np.sqrt(np.abs(square - mean * mean)) + 1)
    shape, _, left, right = _fit(normal)
    found = [shape, (left + right) / 2]
    for a, b in (
        (normal[:, :-1], normal[:, 1:]),
        (normal[:-1], normal[1:]),
        (normal[:-1, :-1], normal[1:, 1:]),
        (normal[1:, :-1], normal[:-1, 1:]),
    ):
        found += _fit(a * b)
    return np.array(found)


def _fit(values: Floats) -> tuple[float, float, float, float]:
    """Shape, mean and both variances of an asymmetric generalised Gaussian, by moments (Lasmar 2009)."""
    low, high = values[values < 0], values[values > 0]
    left = float((low * low).mean()) if low.size else 0.0
    right = float((high * high).mean()) if high.size else 0.0
    second = float((values * values).mean())
    if min(left, right, second) <= 0:  # a plain picture has no such statistics
        return float(_SHAPES[-1]), 0.0, left, right
    ratio = float(np.sqrt(left / right))
    moment = float(np.abs(values).mean()) ** 2 / second
    wanted = moment * (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
    shape = float(_SHAPES[int(np.argmin((_moments() - wanted) ** 2))])
    spread = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    mean = (np.sqrt(right) - np.sqrt(left)) * spread * gamma(2 / shape) / gamma(1 / shape)
    return shape, float(mean), left, right


@cache
def _moments() -> Floats:
    """Squared first over second moment of generalised Gaussians of every shape."""
    found: Floats = gamma(2 / _SHAPES) ** 2 / (gamma(1 / _SHAPES) * gamma(3 / _SHAPES))
    return found


@cache
def _model(fingerprint: str) -> tuple[Floats, Floats, float]:
    """Support vectors (770, 36), their weights, and the offset."""
    held = files.state_dict(KEY)
    return (
        held["vectors"].numpy().astype(np.float64),
        held["weights"].numpy().astype(np.float64),
        float(held["offset"][0]),
    )
