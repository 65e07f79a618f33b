"""Metrics of a clip against its reference, frame by frame."""
