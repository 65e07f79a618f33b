"""The codec of the stage world: a frame as two objects and a background, 25 numbers or 11 tokens.

An object-centric code. The encoder parts a frame into warm object, cool object and background, finds
the center of each object as the mean place of its pixels, and describes what lies around that center
in six numbers. The decoder draws each object as a small picture at its place (a spatial transformer,
Jaderberg et al. 2015, arXiv:1506.02025) over a periodic tile. Where things are and what they are like
are apart in the code, so that motion is a straight line in it.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vbench_lite.adapters.reference.tokens import TokenCodec, he_initialise
from vbench_lite.adapters.reference.transformer import mlp

SIDE = 48
REACH = 37.0  # pixels from the middle of the frame to the farthest center that has a code
LOOK = 6  # numbers that describe an object
WALL = 9  # numbers that describe the background
GLIMPSE = 10.0  # half the side of what an object may cover around its center, in pixels
SEEN, DRAWN = 20, 40  # samples along that side, in the encoder and in the decoder
PERIOD = 16
POSITION_STEPS = 240
_CODE = (8, 6, 5)
LAYOUT = ((POSITION_STEPS,), (POSITION_STEPS,), _CODE, _CODE) * 2 + (_CODE,) * 3
PLACES = (0, 1, 2 + LOOK, 3 + LOOK)  # which numbers are centers


class StageCodec(TokenCodec):
    """Encoder, quantiser and decoder of single frames of 48x48 RGB.

    A latent vector is (x, y, look) of the warm object, the same of the cool one, and the background.
    """

    coordinates: Tensor  # float32 (48,), middles of pixels, -1 to 1 over REACH

    def __init__(self) -> None:
        super().__init__(LAYOUT)
        self.part = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.SiLU(), nn.Conv2d(16, 3, 1))
        self.see = mlp(2 * SEEN * SEEN + 6, 192, 128, LOOK + 2)
        self.see_wall = mlp(3 * PERIOD**2, 128, 96, WALL)
        self.draw = mlp(LOOK, 128, 192, DRAWN * DRAWN + 4)
        self.draw_wall = mlp(WALL, 128, 192, 3 * PERIOD**2)
        middles = (torch.arange(SIDE) + 0.5 - SIDE / 2) / REACH
        self.register_buffer("coordinates", middles, persistent=False)
        he_initialise(self)
        with torch.no_grad():
            for last in (self.see[-1], self.see_wall[-1], self.draw[-1], self.draw_wall[-1]):
                cast(nn.Linear, last).weight.mul_(0.3)

    def encode(self, frames: Tensor) -> Tensor:
        """Frames float32 (N, 3, 48, 48) in [0, 1] to latents float32 (N, 25) in (-1, 1)."""
        return self.encode_parted(frames)[0]

    def encode_parted(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """The latents, and the logits (N, 3, 48, 48) of background, warm and cool object they rest on."""
        logits = self.part(frames * 2 - 1)
        shares = logits.softmax(1)
        wall, objects = shares[:, :1], shares[:, 1:]
        parts = [self._encode_object(frames, objects[:, i], objects[:, 1 - i]) for i in range(2)]
        tiles = torch.cat([frames * wall, wall], 1).unflatten(2, (-1, PERIOD)).unflatten(4, (-1, PERIOD))
        total = tiles.sum((2, 4))  # (N, 4, 16, 16)
        tile = total[:, :3] / (total[:, 3:] + 1e-2) * 2 - 1
        parts.append(self.see_wall(tile.flatten(1)).tanh())
        return torch.cat(parts, 1), logits

    def _encode_object(self, frames: Tensor, own: Tensor, other: Tensor) -> Tensor:
        """(N, 2 + LOOK) of the object whose share of each pixel is `own`, (N, 48, 48)."""
        mass = own.sum((1, 2)).unsqueeze(1)
        x = (own.sum(1) * self.coordinates).sum(1, keepdim=True)
        y = (own.sum(2) * self.coordinates).sum(1, keepdim=True)
        center = torch.cat([x, y], 1) / (mass + 0.2)
        color = (frames * own.unsqueeze(1)).sum((2, 3)) / (mass + 0.2)
        reach = GLIMPSE / REACH
        offsets = torch.linspace(-1, 1, SEEN) * (reach * (1 - 1 / SEEN))
        # grid_sample counts from -1 to 1 over the frame.
        grid_x = (center[:, :1, None] + offsets) * (REACH / (SIDE / 2))
        grid_y = (center[:, 1:, None] + offsets[:, None]) * (REACH / (SIDE / 2))
        grid = torch.stack([grid_x.expand(-1, SEEN, -1), grid_y.expand(-1, -1, SEEN)], -1)
        glimpse = F.grid_sample(torch.stack([own, other], 1), grid, align_corners=False)
        seen = self.see(torch.cat([glimpse.flatten(1), color * 2 - 1, center, mass / 100], 1))
        look, shift = seen.split([LOOK, 2], 1)
        return torch.cat([(center + 0.2 * shift).clamp(-1, 1), look.tanh()], 1)

    def decode(self, latents: Tensor) -> Tensor:
        """Latents float32 (N, 25) to frames float32 (N, 3, 48, 48); clip to [0, 1] to show them."""
        warm, cool, wall = latents.split([2 + LOOK, 2 + LOOK, WALL], 1)
        tile = (self.draw_wall(wall) * 0.3 + 0.4).unflatten(1, (3, PERIOD, PERIOD))
        back = tile.repeat(1, 1, SIDE // PERIOD, SIDE // PERIOD)
        warm_cover, warm_color, warm_level = self._draw_object(warm)
        cool_cover, cool_color, cool_level = self._draw_object(cool)
        front = torch.sigmoid(4 * (warm_level - cool_level))  # how surely the warm one is in front
        with_cool = torch.lerp(back, cool_color, cool_cover)
        with_warm = torch.lerp(back, warm_color, warm_cover)
        return front * torch.lerp(with_cool, warm_color, warm_cover) + (1 - front) * torch.lerp(
            with_warm, cool_color, cool_cover
        )

    def _draw_object(self, code: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Coverage (N, 1, 48, 48), color (N, 3, 1, 1) and level (N, 1, 1, 1) of an object."""
        drawn = self.draw(code[:, 2:])
        picture, color, level = drawn.split([DRAWN * DRAWN, 3, 1], 1)
        reach = GLIMPSE / REACH
        grid_x = (self.coordinates - code[:, :1]) / reach
        grid_y = (self.coordinates - code[:, 1:2]) / reach
        grid = torch.stack(
            [grid_x[:, None].expand(-1, SIDE, -1), grid_y[:, :, None].expand(-1, -1, SIDE)], -1
        )
        picture = torch.sigmoid(2 * picture - 2).unflatten(1, (1, DRAWN, DRAWN))
        cover = F.grid_sample(picture, grid, align_corners=False)
        return cover, color.sigmoid()[..., None, None], level[..., None, None]
