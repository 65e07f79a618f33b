"""The contract of a feature extractor: what it declares, and how it turns frames into vectors.

It is no metric: it runs once per clip for all metrics that want it, and what it gives is cached.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from vbench_lite.clip import ClipInfo, Frames

Features = npt.NDArray[np.float32]  # (windows, dim), in order of time
Precision = Literal["float32", "bf16", "fp16"]


@dataclass(frozen=True, kw_only=True)
class ExtractorInfo:
    """What an extractor declares.

    Attributes:
        window: frames in one input of the network; 1 for image networks.
        stride: frames between the starts of two windows.
        preprocessing: exact resize, crop, range and rounding; part of the cache key.
        weights: catalogue keys of files that are needed; empty if they ship with the package.
    """

    id: str
    version: int = 1
    dim: int
    window: int = 1
    stride: int = 1
    preprocessing: str
    weights: tuple[str, ...] = ()


class FeatureExtractor(ABC):
    """A network (or a computation) that turns windows of frames into vectors, once per clip."""

    info: ClassVar[ExtractorInfo]
    precision: Precision = "float32"  # that its network computes in; another one belongs to the fingerprint

    @abstractmethod
    def load(self, device: str = "cpu") -> None:
        """Load weights. Raises WeightsError if they cannot be had."""

    @abstractmethod
    def extract(self, windows: Frames) -> Features:
        """Return features, float32 (B, dim), of windows of prepared frames, (B, window, ...).

        Prepared frames are what `prepare` gives: by default uint8 (H, W, 3). A row depends on its own window
        only, to 1e-5, whatever else is in the batch.
        """

    def prepare(self, frames: Frames) -> npt.NDArray[Any]:
        """Return what is kept of frames, uint8 (N, H, W, 3), until their window is full: (N, ...).

        Resizing here instead of in `extract` keeps large frames from waiting in memory. Each row depends on
        its own frame only. Default: the frames.
        """
        return frames

    def keep(self, clip: ClipInfo, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which frames of a clip it looks at, bool (N,) for places in the clip, int64 (N,); default: all.

        Windows are made of the frames that are kept. The rule belongs to `info.preprocessing`.

        Raises:
            NotApplicable: the clip does not say what the rule needs (its rate, its length).
        """
        return np.ones(len(indices), dtype=np.bool_)

    @property
    def fingerprint(self) -> str:
        """Identity of the numbers it gives: id, version, preprocessing and weights."""
        return f"{self.info.id}@{self.info.version}[{self.info.preprocessing}]"
