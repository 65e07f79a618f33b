"""Training of the reference generators, and the strips of their model card."""
