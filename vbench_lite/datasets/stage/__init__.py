"""The stage world: two objects over a texture, every attribute known.

One object has a warm color and one a cool color, so their colors never agree. The first object of a
caption is always in front. It passes over the second, or leaves the frame and comes back, or turns to
a side that the caption leaves to chance. The background is a muted texture, still or panning.
"""
