"""RAFT by torchvision's modules, each frame encoded once however many pairs it is in.

Weights come by the names of the authors' file (raft-things.pth without `module.`) or by torchvision's
(`raft_large`, C_T_V1: the same network and the same training).

Source: Teed & Deng, RAFT: Recurrent All-Pairs Field Transforms for Optical Flow (ECCV 2020).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDE = 8  # feature maps have an eighth of the frame's sides
LEAST_SIDE = 128  # below this the coarsest level of the pyramid has one point, and flow is not a number
UPDATES = 20

_RENAMES = (
    (r"^fnet\.", "feature_encoder."),
    (r"^cnet\.", "context_encoder."),
    (r"encoder\.conv1\.", "encoder.convnormrelu.0."),
    (r"encoder\.norm1\.", "encoder.convnormrelu.1."),
    (r"encoder\.conv2\.", "encoder.conv."),
    (r"(layer\d\.\d)\.conv(\d)\.", r"\1.convnormrelu\2.0."),
    (r"(layer\d\.\d)\.norm([12])\.", r"\1.convnormrelu\2.1."),
    (r"^update_block\.encoder\.convc(\d)\.", r"update_block.motion_encoder.convcorr\1.0."),
    (r"^update_block\.encoder\.convf(\d)\.", r"update_block.motion_encoder.convflow\1.0."),
    (r"^update_block\.encoder\.conv\.", "update_block.motion_encoder.conv.0."),
    (r"^update_block\.gru\.conv([zrq])(\d)\.", r"update_block.recurrent_block.convgru\2.conv\1."),
    (r"^update_block\.mask\.0\.", "mask_predictor.convrelu.0."),
    (r"^update_block\.mask\.2\.", "mask_predictor.conv."),
)
_TWICE = re.compile(r"layer\d\.\d\.norm3\.")  # the norm of `downsample`, stored under a second name


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
        self.raft.load_state_dict(torchvision_names(weights), assign=True)

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


def torchvision_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights by torchvision's names, from the authors' or from torchvision's own."""
    if "feature_encoder.convnormrelu.0.weight" in weights:
        return dict(weights)
    found = {}
    for name, value in weights.items():
        if _TWICE.search(name):
            continue
        for pattern, new in _RENAMES:
            name = re.sub(pattern, new, name)
        found[name] = value
    return found
