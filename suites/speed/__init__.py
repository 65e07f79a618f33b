"""Metrics of one timed call: how long a caller waits, and how fast frames come.

They read `Measurement` only: no clock, no file, no generator.
"""
