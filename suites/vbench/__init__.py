"""Dimensions of VBench, computed exactly as the published tool does."""
