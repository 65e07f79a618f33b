"""Metrics that judge frames one by one: sharpness, degenerate clips."""
