"""Formats of other tools, one folder each."""
