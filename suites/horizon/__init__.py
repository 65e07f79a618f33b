"""Metrics of what happens with length: drift, freezes, loops, seams, and what is left at the end."""
