"""Metrics of variety: how different the clips of one generator are."""
