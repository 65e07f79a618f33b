"""Extractor `raft-things`: how far things move between frames an eighth of a second apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import ExtractorInfo, FeatureExtractor, Features, Frames
from vbench_lite.weights import files

if TYPE_CHECKING:
    import torch

    from vbench_lite.suites.extractors.raft_network import EncodedFrame, RaftNetwork

KEY = "raft-things"
RATE = 8  # frames a second that are looked at
TOP_SHARE = 0.05


def frame_step(fps: float) -> int:
    """Frames from one that is looked at to the next; halves are rounded to even."""
    return max(1, round(fps / RATE))


class RaftThings(FeatureExtractor):
    """Length of RAFT's flow between frames that follow one another at about 8 a second, in pixels.

    Column 0: mean over the top 5% (rounded down) of the pixels; column 1: mean over all pixels. Each frame
    is encoded once; one pair of frames is in memory at a time, whatever the length of the clip.

    Preprocessing:
        Every round(fps / 8)-th frame, at full size, with its edge repeated on both sides to multiples of 8;
        the flow of the repeated edge counts. 20 updates.

    Source: VBench (Huang et al., CVPR 2024), vbench/dynamic_degree.py; Teed & Deng, RAFT (ECCV 2020).
    """

    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="raft-things",
        version=1,
        dim=2,
        window=2,
        stride=1,
        preprocessing="every round(fps/8)-th frame, full size, edge repeated to /8, -1..1, 20 updates",
        weights=(KEY,),
    )

    def __init__(self) -> None:
        self._network: RaftNetwork | None = None
        self._device = "cpu"
        self._last: tuple[Frames, EncodedFrame] | None = None
        self.encoded = 0  # frames, since the weights were loaded

    def load(self, device: str = "cpu") -> None:
        """Read the weights.

        Raises:
            WeightsError: they cannot be had.
        """
        from vbench_lite.suites.extractors.raft_network import RaftNetwork

        self._network = RaftNetwork(files.state_dict(KEY)).to(device).eval()
        self._device = device
        self._last = None

    def keep(self, clip: ClipInfo, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        if clip.fps is None:
            raise NotApplicable("the clip's frame rate is unknown")
        return np.asarray(indices % frame_step(clip.fps) == 0)

    def extract(self, windows: Frames) -> Features:
        """Return float32 (B, 2) for uint8 (B, 2, H, W, 3); loads the weights if `load` was not called.

        Raises:
            NotApplicable: a side is below 128 pixels.
        """
        import torch

        from vbench_lite.suites.extractors.raft_network import LEAST_SIDE

        if min(windows.shape[2:4]) + 7 < LEAST_SIDE:
            height, width = windows.shape[2:4]
            raise NotApplicable(f"RAFT needs sides of {LEAST_SIDE} pixels, the clip is {width}x{height}")
        if self._network is None:
            self.load()
        with torch.inference_mode():
            return np.stack([self._pair(*window) for window in windows])

    def _pair(self, first: Frames, second: Frames) -> npt.NDArray[np.float32]:
        assert self._network is not None
        flow = self._network.flow(self._encode(first), self._encode(second))[0]
        lengths = flow.double().norm(dim=0).flatten()
        top = lengths.topk(int(len(lengths) * TOP_SHARE)).values
        return np.array([top.mean().item(), lengths.mean().item()], np.float32)

    def _encode(self, frame: Frames) -> EncodedFrame:
        """A frame encoded; the last one is kept, as it is the first of the next pair."""
        assert self._network is not None
        if self._last is not None and np.array_equal(self._last[0], frame):
            return self._last[1]
        encoded = self._network.encode(to_eighths(frame).to(self._device))
        self.encoded += 1
        self._last = (frame.copy(), encoded)
        return encoded

    @property
    def fingerprint(self) -> str:
        return f"{super().fingerprint}#{files.fingerprint(KEY)}"


def to_eighths(frame: Frames) -> torch.Tensor:
    """A frame, uint8 (H, W, 3), as float32 (1, 3, H', W') in -1..1, sides padded to multiples of 8."""
    from torch.nn import functional as F

    from vbench_lite.suites.extractors.image_network import planes

    image = planes(frame)[None]
    right, below = -image.shape[-1] % 8, -image.shape[-2] % 8
    edges = [right // 2, right - right // 2, below // 2, below - below // 2]
    return 2 * (F.pad(image, edges, mode="replicate") / 255) - 1
