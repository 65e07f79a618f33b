"""Clips to values: one decode a clip, shared features, sets, references, rows of scores with fingerprints."""
