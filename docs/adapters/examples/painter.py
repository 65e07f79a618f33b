"""From tokens to frames: each of 27 tokens is a square of one colour, and 16 of them are a frame of 32x32."""

import numpy as np


class Painter:
    """Built once; called for the tokens of each frame."""

    def __call__(self, tokens):
        """int64 (rows, 16), a torch tensor, to uint8 (rows, 1, 32, 32, 3)."""
        grid = tokens.cpu().numpy().reshape(len(tokens), 1, 4, 4)
        colours = np.stack([grid // 9, grid // 3 % 3, grid % 3], axis=-1) * 127
        return colours.astype(np.uint8).repeat(8, axis=2).repeat(8, axis=3)
