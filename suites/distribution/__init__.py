"""Distances and divergences between a generated set and a reference set."""
