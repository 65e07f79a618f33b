"""RAFT by torchvision's modules, each frame encoded once however many pairs it is in.

Weights come by torchvision's names (`raft_large`); C_T_V1 there is raft-things.pth of the authors.

Source: Teed & Deng, RAFT: Recurrent All-Pairs Field Transforms for Optical Flow (ECCV 2020).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDE = 8  # feature maps have an eighth of the frame's sides
LEAST_SIDE = 128  # below this the coarsest level of the pyramid has one point, and flow is not a number
UPDATES = 20


@dataclass(frozen=True)
class EncodedFrame:
    """What flow from and to a frame is computed from, each (1, C, H/8, W/8).

    Attributes:
        features: matched with those of other frames. hidden, context: where flow from this frame starts.
    """

    features: Tensor
    hidden: Tensor
    context: Tensor


class RaftNetwork(nn.Module):
    """Optical flow between encoded frames."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        from torchvision.models.optical_flow import raft_large

        with torch.device("meta"):
            self.raft = raft_large(weights=None)
        self.raft.load_state_dict(dict(weights), assign=True)

    def encode(self, frame: Tensor) -> EncodedFrame:
        """Encode a frame, float32 (1, 3, H, W) in -1..1, H and W multiples of 8."""
        raft = self.raft
        size = raft.update_block.hidden_state_size
        both = raft.context_encoder(frame)
        return EncodedFrame(raft.feature_encoder(frame), torch.tanh(both[:, :size]), F.relu(both[:, size:]))

    def flow(self, first: EncodedFrame, second: EncodedFrame, updates: int = UPDATES) -> Tensor:
        """Flow from one frame to another in pixels (x, y), float32 (1, 2, H, W)."""
        from torchvision.models.optical_flow._utils import make_coords_grid, upsample_flow

        raft = self.raft
        raft.corr_block.build_pyramid(first.features, second.features)
        _, _, height, width = first.features.shape
        start = make_coords_grid(1, height, width).to(first.features.device)
        place, hidden = start, first.hidden
        for _ in range(updates):
            near = raft.corr_block.index_pyramid(centroids_coords=place)
            hidden, step = raft.update_block(hidden, first.context, near, place - start)
            place = place + step
        raft.corr_block.corr_pyramid = []  # the largest thing here; the next pair makes its own
        full: Tensor = upsample_flow(flow=place - start, up_mask=raft.mask_predictor(hidden))
        return full
