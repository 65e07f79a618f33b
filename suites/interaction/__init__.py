"""Metrics of generators that are steered: how late they answer, and whether they do as they are told."""
