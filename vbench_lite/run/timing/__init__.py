"""Timed calls in fresh processes, rounds of generators interleaved."""
