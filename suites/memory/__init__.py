"""Metrics of one timed call: how much memory it takes. They read `Measurement` only."""
