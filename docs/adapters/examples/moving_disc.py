"""Stands for your model: a disc of the colour in the prompt that moves; plain Python, no library."""

import random

COLOURS = {"red": (230, 40, 40), "blue": (50, 90, 240), "magenta": (220, 60, 220), "white": (240, 240, 240)}


def draw(prompt, num_frames, height, width, seed):
    """Yield frames, each bytes of height x width RGB pixels."""
    colour = next((rgb for name, rgb in COLOURS.items() if name in prompt), (200, 200, 0))
    radius = height // 5
    x = random.Random(seed).randrange(radius, width - radius)
    for t in range(num_frames):
        y = radius + t * (height - 2 * radius) // num_frames
        frame = bytearray()
        for row in range(height):
            for column in range(width):
                inside = (row - y) ** 2 + (column - x) ** 2 <= radius**2
                frame += bytes(colour if inside else (0, 0, 0))
        yield bytes(frame)
