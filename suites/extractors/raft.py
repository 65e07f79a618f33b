"""Extractor `raft-things`: how far things move between frames an eighth of a second apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from vbench_lite.arrays import Bools, Ints
from vbench_lite.clip import ClipInfo, Frames
from vbench_lite.errors import NotApplicable
from vbench_lite.extractor import ExtractorInfo
from vbench_lite.suites.extractors.network import NetworkExtractor

if TYPE_CHECKING:
    import torch

    from vbench_lite.suites.extractors.raft_network import EncodedFrame, RaftNetwork

RATE = 8  # frames a second that are looked at
TOP_SHARE = 0.05


def frame_step(fps: float) -> int:
    """Frames from one that is looked at to the next; halves are rounded to even."""
    return max(1, round(fps / RATE))


class RaftThings(NetworkExtractor):
    """Length of RAFT's flow between frames that follow one another at about 8 a second, in pixels.

    Column 0: mean over the top 5% (rounded down) of the pixels; column 1: mean over all pixels. Each frame
    is encoded once; one pair of frames is in memory at a time, whatever the length of the clip.

    Preprocessing:
        Every round(fps / 8)-th frame, at full size, with its edge repeated on both sides to multiples of 8;
        the flow of the repeated edge counts. 20 updates.

    Source: VBench (Huang et al., CVPR 2024), vbench/dynamic_degree.py; Teed & Deng, RAFT (ECCV 2020).
    """

    batch: ClassVar[int] = 1
    info: ClassVar[ExtractorInfo] = ExtractorInfo(
        id="raft-things",
        dim=2,
        window=2,
        preprocessing="every round(fps/8)-th frame, full size, edge repeated to /8, -1..1, 20 updates",
        weights=("raft-things",),
    )

    def __init__(self) -> None:
        super().__init__()
        self._last: tuple[torch.Tensor, EncodedFrame] | None = None
        self.encoded = 0  # frames

    def build(self, tensors: dict[str, torch.Tensor]) -> RaftNetwork:
        from vbench_lite.suites.extractors.raft_network import RaftNetwork

        self._last = None
        return RaftNetwork(tensors)

    def keep(self, clip: ClipInfo, indices: Ints) -> Bools:
        if clip.fps is None:
            raise NotApplicable("the clip's frame rate is unknown")
        return np.asarray(indices % frame_step(clip.fps) == 0)

    def prepare(self, frames: Frames) -> Frames:
        """The frames as they are.

        Raises:
            NotApplicable: a side is below 128 pixels.
        """
        from vbench_lite.suites.extractors.raft_network import LEAST_SIDE, STRIDE

        height, width = frames.shape[1:3]
        if min(height, width) + STRIDE - 1 < LEAST_SIDE:
            raise NotApplicable(f"RAFT needs sides of {LEAST_SIDE} pixels, the clip is {width}x{height}")
        return frames

    def embed(self, network: torch.nn.Module, windows: torch.Tensor) -> torch.Tensor:
        import torch

        from vbench_lite.suites.extractors.raft_network import RaftNetwork

        assert isinstance(network, RaftNetwork)
        rows = []
        for first, second in windows:
            flow = network.flow(self._encode(network, first), self._encode(network, second))[0]
            lengths = flow.double().norm(dim=0).flatten()
            top = lengths.topk(int(len(lengths) * TOP_SHARE)).values
            rows.append(torch.stack([top.mean(), lengths.mean()]))
        return torch.stack(rows)

    def _encode(self, network: RaftNetwork, frame: torch.Tensor) -> EncodedFrame:
        """A frame encoded; the last one is kept, as it is the first of the next pair."""
        if self._last is not None and self._last[0].equal(frame):
            return self._last[1]
        encoded = network.encode(to_eighths(frame))
        self.encoded += 1
        self._last = (frame.clone(), encoded)
        return encoded


def to_eighths(frame: torch.Tensor) -> torch.Tensor:
    """A frame, uint8 (H, W, 3), as float32 (1, 3, H', W') in -1..1, sides padded to multiples of 8."""
    from torch.nn import functional as F

    image = frame.permute(2, 0, 1)[None].float()
    right, below = -image.shape[-1] % 8, -image.shape[-2] % 8
    edges = [right // 2, right - right // 2, below // 2, below - below // 2]
    return 2 * (F.pad(image, edges, mode="replicate") / 255) - 1
